"""Identity providers: OpenID Connect Discovery 1.0, JWT (RFC 7519) by the advice of RFC 8725, and what tokens give.

A provider's tokens let in machines without stored secrets (CI jobs), and people who sign in to the console. PyJWT does
the cryptography; which tokens are believed, and what they may do, is decided here.
"""
