"""Every provider that gong knows by name, as the provider: each checks what it gets by its own
arithmetic and answers, reports and repeats as its documentation says."""
