"""The login at an OpenID Connect provider: authorization code flow with PKCE, and the check of what comes back."""
