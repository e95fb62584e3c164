"""What a date means: phrase -> rule -> days. Pure: no database, no network, no clock."""
