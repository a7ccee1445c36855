"""`interlock completion`: what makes a shell complete nouns, verbs and options."""

import click

WHERE = {
    "bash": "interlock completion bash > ~/.local/share/bash-completion/completions/interlock",
    "zsh": 'interlock completion zsh > "${fpath[1]}/_interlock"',
    "fish": "interlock completion fish > ~/.config/fish/completions/interlock.fish",
}
VARIABLE = "_INTERLOCK_COMPLETE"


@click.command(epilog="\b\nExamples:\n" + "\n".join(f"  {line}" for line in WHERE.values()))
@click.argument("shell", type=click.Choice(list(WHERE)))
def completion(shell: str) -> None:
    """Print the script that makes SHELL complete nouns, verbs and options.

    Try it in the shell that runs: source <(interlock completion bash)
    """
    from click.shell_completion import get_completion_class

    from interlock.cli.root import root

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  (the choice names click's own; for mypy)
    script = kind(root, {}, "interlock", VARIABLE)
    click.echo(script.source_template % script.source_vars())
