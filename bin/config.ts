/** The environment, read and checked once, at the door. Everything behind it believes the types. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { allowListIn } from '../activities/address-guard.ts';
import { channelLabelsIn, type ChannelLabels } from '../activities/channel-labels.ts';
import { CHAT_FORMATS, type ChatFormat } from '../activities/chat.ts';
import type { ConnectorSettings } from '../activities/connectors.ts';
import { SEALING_KEY_BYTES } from '../activities/sealing.ts';
import { SECRET_PREFIX, secretVariables, type VaultSettings } from '../activities/vault.ts';

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..');

export interface Config {
  /** TIERLINE_HOME, absolute: data, logs and locks of the embedded servers. */
  home: string;
  /** DATABASE_URL; undefined: run an embedded PostgreSQL. */
  databaseUrl: string | undefined;
  /** TEMPORAL_ADDRESS, host:port; undefined: run an embedded Temporal. */
  temporalAddress: string | undefined;
  /** TEMPORAL_CLI: path of the `temporal` program to use for the embedded one. */
  temporalCli: string | undefined;
  /** TEMPORAL_NAMESPACE. */
  temporalNamespace: string;
  /** TIERLINE_HOST: interface the API listens on. */
  host: string;
  /** TIERLINE_PORT: the API's port; `tierline start` takes the next free one if it is taken. */
  port: number;
  /** TIERLINE_WEBHOOK_URL: where outgoing webhooks go unless an endpoint is registered. */
  webhookUrl: string | undefined;
  /** TIERLINE_WEBHOOK_SECRET: Standard Webhooks secret, `whsec_` and base64. */
  webhookSecret: string | undefined;
  /** TIERLINE_SMTP_URL: the mail server for customer updates; none are sent by e-mail without it. */
  smtpUrl: string | undefined;
  /** TIERLINE_MAIL_FROM: the sender of customer updates; given with the server. */
  mailFrom: string | undefined;
  /** TIERLINE_CHAT_WEBHOOK_URL: a chat room that is told of what people are told. */
  chatWebhookUrl: string | undefined;
  /** TIERLINE_CHAT_FORMAT: whose webhook that is. */
  chatFormat: ChatFormat;
  /** TIERLINE_CHANNEL_TLP: the highest label that a channel carries in full; TLP:AMBER where it is not named. */
  channelLabels: ChannelLabels;
  /** TIERLINE_LOG_LEVEL. */
  logLevel: LogLevel;
  /** TIERLINE_POLICIES, absolute: folder of the policies seeded at start. */
  policiesDir: string;
  /** TIERLINE_PLAYBOOK_KEYS: PEM file or folder of the public keys whose signatures on playbooks are trusted. */
  playbookKeys: string | undefined;
  /** TIERLINE_RULE_CHANGES_PER_SECOND: how many open tickets a change of rules reaches per second, at most. */
  ruleChangesPerSecond: number;
  /** TIERLINE_CONNECTOR_ALLOW, TIERLINE_SSH_KNOWN_HOSTS, TIERLINE_BASH_CONNECTOR: what playbooks may reach, and how. */
  connectors: ConnectorSettings;
  /** TIERLINE_MAX_TARGETS: most targets that one run of a playbook may change, where the playbook does not say. */
  maxTargets: number;
  /** TIERLINE_SECRET_…, TIERLINE_VAULT_FILE: the secrets that playbooks name. */
  vault: VaultSettings;
  /** TIERLINE_SEALING_KEY: 32 bytes each; the first seals, all of them open. None: one is made in the home folder. */
  sealingKeys: readonly Uint8Array[];
}

/** What API and worker need: both servers known. */
export interface ServiceConfig extends Config {
  databaseUrl: string;
  temporalAddress: string;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
type LogLevel = (typeof logLevels)[number];

const variables = z.object({
  TIERLINE_HOME: z.string().default(join(projectRoot, '.tierline')),
  DATABASE_URL: z
    .string()
    .refine(hasProtocol('postgres:', 'postgresql:'), 'must be a URL that starts with postgresql://')
    .optional(),
  TEMPORAL_ADDRESS: z.string().refine(isHostAndPort, 'must be host:port, such as 127.0.0.1:7233').optional(),
  TEMPORAL_CLI: z.string().refine(existsSync, 'names no existing file').optional(),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TIERLINE_HOST: z
    .string()
    .regex(/^[\w.:-]+$/, 'must be an address or a host name, without a port')
    .default('127.0.0.1'),
  TIERLINE_PORT: z
    .string()
    .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, 'must be a port, 0 to 65535')
    .transform(Number)
    .default(7400),
  TIERLINE_WEBHOOK_URL: z
    .string()
    .refine(hasProtocol('http:', 'https:'), 'must be a URL that starts with https:// or http://')
    .optional(),
  TIERLINE_WEBHOOK_SECRET: z
    .string()
    .refine(isWebhookSecret, 'must be whsec_ followed by 24 to 64 bytes in base64')
    .optional(),
  TIERLINE_SMTP_URL: z
    .string()
    .refine(isMailServer, 'must be a URL such as smtps://user:password@mail.example.com or smtp://host:587')
    .optional(),
  TIERLINE_MAIL_FROM: z
    .string()
    .refine(isMailbox, 'must be one address, such as desk@example.com or Desk <desk@example.com>')
    .optional(),
  TIERLINE_CHAT_WEBHOOK_URL: z
    .string()
    .refine(hasProtocol('http:', 'https:'), 'must be a URL that starts with https:// or http://')
    .optional(),
  TIERLINE_CHAT_FORMAT: z.enum(CHAT_FORMATS, `must be one of ${CHAT_FORMATS.join(', ')}`).default('slack'),
  TIERLINE_CHANNEL_TLP: z.string().transform(channelLabels).default({}),
  TIERLINE_LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
  TIERLINE_POLICIES: z
    .string()
    .refine(existsSync, 'names no existing folder')
    .default(join(projectRoot, 'policies')),
  TIERLINE_MAX_TARGETS: z
    .string()
    .refine((text) => /^\d{1,4}$/.test(text) && Number(text) > 0, 'must be a number, 1 to 9999')
    .transform(Number)
    .default(10),
  TIERLINE_PLAYBOOK_KEYS: z.string().refine(existsSync, 'names no existing file or folder').optional(),
  TIERLINE_RULE_CHANGES_PER_SECOND: z
    .string()
    .refine((text) => /^\d{1,4}$/.test(text) && Number(text) > 0, 'must be a number, 1 to 9999')
    .transform(Number)
    .default(20),
  TIERLINE_CONNECTOR_ALLOW: z
    .string()
    .refine(isAllowList, 'must be networks and names of hosts, such as 10.0.0.0/8,edr.internal')
    .transform(allowListIn)
    .default([]),
  TIERLINE_SSH_KNOWN_HOSTS: z.string().refine(existsSync, 'names no existing file').optional(),
  TIERLINE_BASH_CONNECTOR: z.enum(['on', 'off'], 'must be on or off').default('off'),
  TIERLINE_VAULT_FILE: z.string().refine(existsSync, 'names no existing file').optional(),
  TIERLINE_SEALING_KEY: z
    .string()
    .refine(
      (text) => sealingKeysIn(text).every(({ byteLength }) => byteLength === SEALING_KEY_BYTES),
      'must be 32 bytes in base64, or several of these with commas: the newest first',
    )
    .transform(sealingKeysIn)
    .default([]),
});

/** Mail without a sender is refused at once, not with the first customer. */
const environment = variables.refine(
  ({ TIERLINE_SMTP_URL: server, TIERLINE_MAIL_FROM: from }) => server === undefined || from !== undefined,
  { error: 'must be given with TIERLINE_SMTP_URL', path: ['TIERLINE_MAIL_FROM'] },
);

/** Variables whose values must not be repeated in a message or a log. */
const secrets = new Set([
  'DATABASE_URL',
  'TIERLINE_WEBHOOK_SECRET',
  'TIERLINE_WEBHOOK_URL',
  'TIERLINE_SMTP_URL',
  'TIERLINE_CHAT_WEBHOOK_URL',
  'TIERLINE_SEALING_KEY',
]);

/** The environment for servers that are not ours to trust with secrets: what they write out of it is not in our hand. */
export function withoutSecrets(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const names = Object.keys(env).filter((name) => !secrets.has(name) && !name.startsWith(SECRET_PREFIX));
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}

/**
 * The configuration in the environment. An empty variable counts as absent. Throws one error that names every
 * variable with a bad value, the value (unless secret) and what it must be.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const read = environment.safeParse(given);
  if (!read.success) throw new Error(read.error.issues.map((issue) => complaint(issue, given)).join('\n'));
  const { data } = read;
  return {
    home: resolve(data.TIERLINE_HOME),
    databaseUrl: data.DATABASE_URL,
    temporalAddress: data.TEMPORAL_ADDRESS,
    temporalCli: data.TEMPORAL_CLI,
    temporalNamespace: data.TEMPORAL_NAMESPACE,
    host: data.TIERLINE_HOST,
    port: data.TIERLINE_PORT,
    webhookUrl: data.TIERLINE_WEBHOOK_URL,
    webhookSecret: data.TIERLINE_WEBHOOK_SECRET,
    smtpUrl: data.TIERLINE_SMTP_URL,
    mailFrom: data.TIERLINE_MAIL_FROM,
    chatWebhookUrl: data.TIERLINE_CHAT_WEBHOOK_URL,
    chatFormat: data.TIERLINE_CHAT_FORMAT,
    channelLabels: data.TIERLINE_CHANNEL_TLP,
    logLevel: data.TIERLINE_LOG_LEVEL,
    policiesDir: resolve(data.TIERLINE_POLICIES),
    playbookKeys: data.TIERLINE_PLAYBOOK_KEYS,
    ruleChangesPerSecond: data.TIERLINE_RULE_CHANGES_PER_SECOND,
    connectors: {
      allow: data.TIERLINE_CONNECTOR_ALLOW,
      sshKnownHosts: data.TIERLINE_SSH_KNOWN_HOSTS,
      bash: data.TIERLINE_BASH_CONNECTOR === 'on',
    },
    maxTargets: data.TIERLINE_MAX_TARGETS,
    vault: { variables: secretVariables(env), file: data.TIERLINE_VAULT_FILE },
    sealingKeys: data.TIERLINE_SEALING_KEY,
  };
}

function complaint({ path, message }: z.core.$ZodIssue, given: NodeJS.ProcessEnv): string {
  const name = String(path[0]);
  if (given[name] === undefined) return `${name} ${message}`;
  return secrets.has(name)
    ? `${name} (value not shown) ${message}`
    : `${name} is "${given[name]}"; it ${message}`;
}

function hasProtocol(...protocols: string[]): (text: string) => boolean {
  return (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol);
}

function isAllowList(text: string): boolean {
  try {
    allowListIn(text);
    return true;
  } catch {
    return false;
  }
}

function channelLabels(text: string, context: z.RefinementCtx): ChannelLabels {
  try {
    return channelLabelsIn(text);
  } catch (error) {
    context.addIssue((error as Error).message);
    return z.NEVER;
  }
}

function isMailServer(text: string): boolean {
  return hasProtocol('smtp:', 'smtps:')(text) && new URL(text).hostname !== '';
}

/** Its domain names the messages too. */
function isMailbox(text: string): boolean {
  return /^([^<>@,;"\p{Cc}]*<[^\s<>@,;"]+@[\w.-]+>|[^\s<>@,;"]+@[\w.-]+)$/u.test(text);
}

function isHostAndPort(text: string): boolean {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  return host !== undefined && !host.includes('/') && Number(port) > 0 && Number(port) <= 65_535;
}

function sealingKeysIn(text: string): Uint8Array[] {
  return text.split(',').map((key) => new Uint8Array(Buffer.from(key.trim(), 'base64')));
}

function isWebhookSecret(text: string): boolean {
  const [, key] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = key === undefined ? 0 : Buffer.from(key, 'base64').length;
  return bytes >= 24 && bytes <= 64;
}
