"""The analysts' pages and figures; today the page that greets each role."""
