// Stands for modules that are never loaded: wrangler.toml says which.
export {}
