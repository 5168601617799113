"""The only code that speaks to Google: OAuth, ID tokens, Calendar v3. It knows no model."""
