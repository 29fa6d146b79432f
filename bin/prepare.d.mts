export interface PreparedState {
  packages: 'none' | 'stale' | 'production' | 'all';
  client: 'none' | 'stale' | 'current' | 'no schema';
}

export function prepare(options?: { dev?: boolean; root?: string }): Promise<void>;
export function nodeComplaint(version: string): string | null;
export function preparedState(root?: string): PreparedState;
