/** How this process reaches Temporal: address from the configuration, the rest (TLS, API key, namespace) by envconfig. */
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { ServiceConfig } from './config.ts';

export interface TemporalTarget {
  connectionOptions: ConnectionOptions;
  namespace: string;
}

export function temporalTarget(
  config: Pick<ServiceConfig, 'temporalAddress' | 'temporalNamespace'>,
): TemporalTarget {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  return {
    connectionOptions: { ...connectionOptions, address: config.temporalAddress } as ConnectionOptions,
    namespace: namespace ?? config.temporalNamespace,
  };
}

/** A connection that comes up when Temporal does: the API starts, and takes facts, while Temporal is away. */
export function lazyClient({ connectionOptions, namespace }: TemporalTarget): Client {
  return new Client({ connection: Connection.lazy(connectionOptions), namespace });
}
