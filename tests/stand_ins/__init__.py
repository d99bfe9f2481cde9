"""Stand-ins for services on the internet, served over real HTTP on loopback."""
