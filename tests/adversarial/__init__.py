"""What an attacker does, where, how it ends, and which defence each ending needs."""
