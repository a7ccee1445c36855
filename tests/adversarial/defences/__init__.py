"""Every defence that an attack of the table leans on, and the lines without which it is off.

Where the code no longer holds the lines, the defence says so instead of staying on.
"""

from typing import Final

from tests.adversarial.defences.answers import ANSWERS
from tests.adversarial.defences.injection import INJECTION
from tests.adversarial.defences.inputs import INPUTS
from tests.adversarial.defences.personal import PERSONAL
from tests.adversarial.defences.policies import POLICIES
from tests.adversarial.defences.prompts import PROMPTS
from tests.adversarial.defences.service import SERVICE
from tests.adversarial.defences.texts import TEXTS
from tests.adversarial.defences.versions import VERSIONS

DEFENCES: Final = (
    *INJECTION, *TEXTS, *PROMPTS, *INPUTS, *PERSONAL, *ANSWERS, *POLICIES, *VERSIONS, *SERVICE,
)  # fmt: skip
