"""Arguments in, operation or HTTP call, text out."""
