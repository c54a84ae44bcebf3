"""What checks evidence away from the house: a file and a page that need nothing of ours."""
