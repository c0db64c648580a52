"""Station and material files → frozen typed objects → the kernel's configuration."""
