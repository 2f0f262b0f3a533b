"""What a follow accepts, checked by people for as long as it goes on."""
