"""Work that goes on after its call was answered."""
