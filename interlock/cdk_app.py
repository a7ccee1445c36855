"""The CDK app of the project one stands in: `"app": "python -m interlock.cdk_app"` in cdk.json.

The infrastructure's code lies where the platform's sources lie (`interlock.places`); importing
`interlock` makes it importable.
"""

import sys

from infra.app import main

if __name__ == "__main__":
    sys.exit(main())
