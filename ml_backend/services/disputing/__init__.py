"""Labels of people that sure answers dispute: found, ranked, and decided on by people."""
