"""What `harden` decided and proved, for terminals, pull requests and browsers."""
