"""What workers say of themselves, as what one gate says."""
