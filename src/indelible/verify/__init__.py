"""Whether a log is what it claims to be: verdicts, findings, and the check of every byte."""
