"""What a promise about accepted predictions rests on; pure, numbers in and numbers out."""
