export function fingerprintOf(root: string, folders?: string[]): string;
