"""One plain torch loop for every model, and what it needs to be stopped, resumed and spread."""
