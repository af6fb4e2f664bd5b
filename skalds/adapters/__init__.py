"""One folder per engine, one file per port it implements; translation, never decisions."""
