"""Where the laptop cloud is: the one account and region that moto plays."""

ACCOUNT = "123456789012"
REGION = "us-east-1"
PARTITION = "aws"
