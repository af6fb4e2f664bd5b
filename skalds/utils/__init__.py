"""The logger for code of users; the package name is public since 0.3.8, nothing else belongs here."""
