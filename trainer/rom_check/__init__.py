"""Does a running cartridge do what this program believes? `crystal-agent check-rom` plays and compares, live."""
