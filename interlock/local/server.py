"""The server process of one laptop cloud: ``python -m interlock.local.server SETTINGS``.

Prints JSON lines: ``{"progress": …}`` while it comes up, then ``{"ready": …}`` or ``{"error": …}``.
It ends on SIGINT, SIGTERM, ``POST /_local/stop`` and, unless detached, with its standard input.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

from interlock.local.settings import Settings

LOG = logging.getLogger("interlock.local")
_YOUNG_OBJECTS = 50_000
"""New objects between two looks for garbage. moto is a million that stay: at the usual 700, an
eighth of a start went into looking through them."""


def main() -> None:
    """Bring a cloud up, keep it until told to stop, and leave nothing behind."""
    gc.set_threshold(_YOUNG_OBJECTS)
    settings = Settings.read(Path(sys.argv[1]))
    state = Path(settings.state)
    (state / "logs").mkdir(parents=True, exist_ok=True)
    _log_to(state / "logs" / "server.log", loud=not settings.detached)
    # moto and botocore take what they find; nothing of the developer's own AWS belongs here
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    began = time.perf_counter()
    code = 1
    running = None
    try:
        from interlock.local.running import Running

        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        if not settings.detached:
            _stop_with_stdin(stopping)
        running = Running(settings, stopping, lambda text: _say(progress=text))
        running.up()
        ready = {**running.described(), "seconds": round(time.perf_counter() - began, 2)}
        (state / "cloud.json").write_text(json.dumps(ready, indent=2))
        _say(ready=ready)
        stopping.wait()
        time.sleep(0.05)  # the answer to /_local/stop has to leave
        code = 0
    except Exception as error:
        LOG.exception("the cloud did not come up")
        _say(error=str(error) or type(error).__name__)
    finally:
        if running is not None:
            running.down()
        (state / "cloud.json").unlink(missing_ok=True)
        logging.shutdown()
        os._exit(code)  # moto's executions hold threads that would wait for days


def _say(**line: object) -> None:
    try:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
    except (BrokenPipeError, ValueError):
        LOG.info("%s", line)  # whoever started us has read enough


def _stop_with_stdin(stopping: threading.Event) -> None:
    def watch() -> None:
        while os.read(0, 4096):
            pass
        stopping.set()

    threading.Thread(target=watch, name="stdin", daemon=True).start()


def _log_to(path: Path, *, loud: bool) -> None:
    handlers: list[logging.Handler] = [logging.FileHandler(path)]
    if loud:
        handlers.append(logging.StreamHandler(sys.stderr))
        handlers[-1].setLevel(logging.ERROR)
    logging.basicConfig(
        level=logging.INFO,
        handlers=handlers,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for noisy in ("werkzeug", "botocore", "moto", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


if __name__ == "__main__":
    main()
