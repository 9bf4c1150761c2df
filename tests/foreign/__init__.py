"""Against programs and libraries that nobody here wrote; `make foreign` gets and runs them."""
