// Types of the one function that tests call.
export function missingPackages(root: string): string[]
