import { expect, test } from '@jest/globals';
import { isAbsolute, join } from 'node:path';
import { projectRoot, readConfig, withoutSecrets } from '../../bin/config.ts';

test('an empty environment gives the defaults', () => {
  expect(readConfig({})).toMatchObject({
    home: join(projectRoot, '.tierline'),
    databaseUrl: undefined,
    temporalAddress: undefined,
    temporalNamespace: 'default',
    host: '127.0.0.1',
    port: 7400,
    logLevel: 'info',
    policiesDir: join(projectRoot, 'policies'),
    ruleChangesPerSecond: 20,
  });
});

test('an empty variable counts as absent', () => {
  expect(readConfig({ TIERLINE_PORT: '', DATABASE_URL: '' })).toMatchObject({
    port: 7400,
    databaseUrl: undefined,
  });
});

test('relative folders become absolute', () => {
  expect(isAbsolute(readConfig({ TIERLINE_HOME: 'somewhere' }).home)).toBe(true);
});

const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;

test.each([
  ['DATABASE_URL', 'postgres://user:word@db.example:5432/desk', 'databaseUrl'],
  ['TEMPORAL_ADDRESS', 'temporal.example:7233', 'temporalAddress'],
  ['TEMPORAL_ADDRESS', '[::1]:7233', 'temporalAddress'],
  ['TIERLINE_HOST', '::', 'host'],
  ['TIERLINE_WEBHOOK_URL', 'https://example.org/hook', 'webhookUrl'],
  ['TIERLINE_WEBHOOK_SECRET', secret, 'webhookSecret'],
  ['TIERLINE_LOG_LEVEL', 'debug', 'logLevel'],
  ['TIERLINE_MAIL_FROM', 'Service Desk <desk@example.com>', 'mailFrom'],
  ['TIERLINE_CHAT_WEBHOOK_URL', 'https://hooks.example.com/T1/B2', 'chatWebhookUrl'],
  ['TIERLINE_CHAT_FORMAT', 'teams', 'chatFormat'],
] as const)('accepts %s=%s', (name, value, field) => {
  expect(readConfig({ [name]: value })[field]).toBe(value);
});

test.each([
  ['DATABASE_URL', 'mysql://x'],
  ['TEMPORAL_ADDRESS', 'temporal.example'],
  ['TEMPORAL_ADDRESS', 'https://temporal.example:7233'],
  ['TEMPORAL_CLI', '/no/such/program'],
  ['TIERLINE_HOST', '127.0.0.1/24'],
  ['TIERLINE_PORT', '70000'],
  ['TIERLINE_PORT', 'http'],
  ['TIERLINE_WEBHOOK_URL', 'ftp://example.org'],
  ['TIERLINE_WEBHOOK_SECRET', 'whsec_short'],
  ['TIERLINE_WEBHOOK_SECRET', secret.slice(6)],
  ['TIERLINE_LOG_LEVEL', 'loud'],
  ['TIERLINE_SMTP_URL', 'mail.example.com'],
  ['TIERLINE_SMTP_URL', 'https://mail.example.com'],
  ['TIERLINE_SMTP_URL', 'smtp://'],
  ['TIERLINE_MAIL_FROM', 'desk'],
  ['TIERLINE_MAIL_FROM', 'desk@example.com, other@example.com'],
  ['TIERLINE_MAIL_FROM', 'Desk\r\nBcc: x <desk@example.com>'],
  ['TIERLINE_CHAT_WEBHOOK_URL', 'hooks.example.com'],
  ['TIERLINE_CHAT_FORMAT', 'irc'],
  ['TIERLINE_POLICIES', '/no/such/folder'],
  ['TIERLINE_RULE_CHANGES_PER_SECOND', '0'],
  ['TIERLINE_CONNECTOR_ALLOW', '10.0.0.0/33'],
  ['TIERLINE_CONNECTOR_ALLOW', 'https://edr.internal'],
  ['TIERLINE_SSH_KNOWN_HOSTS', '/no/such/file'],
  ['TIERLINE_BASH_CONNECTOR', 'yes'],
  ['TIERLINE_VAULT_FILE', '/no/such/file'],
])('refuses %s=%s by name', (name, value) => {
  expect(() => readConfig({ [name]: value })).toThrow(name);
});

test('names every bad variable at once', () => {
  expect(() => readConfig({ TIERLINE_PORT: 'x', TIERLINE_LOG_LEVEL: 'y' })).toThrow(
    /TIERLINE_PORT is "x".*\nTIERLINE_LOG_LEVEL is "y"/,
  );
});

test('never repeats a secret in its complaint', () => {
  const complain = () =>
    readConfig({ DATABASE_URL: 'mysql://u:hunter2@h/d', TIERLINE_WEBHOOK_SECRET: 'hunter2' });
  expect(complain).toThrow(/DATABASE_URL.*\nTIERLINE_WEBHOOK_SECRET/);
  expect(complain).not.toThrow('hunter2');
});

test('mail needs a sender, and is refused without one by the name that is missing', () => {
  const server = 'smtps://desk:canary-word@mail.example.com';
  expect(() => readConfig({ TIERLINE_SMTP_URL: server })).toThrow(/^TIERLINE_MAIL_FROM must be given/);
  const config = readConfig({ TIERLINE_SMTP_URL: server, TIERLINE_MAIL_FROM: 'desk@example.com' });
  expect(config).toMatchObject({ smtpUrl: server, mailFrom: 'desk@example.com', chatFormat: 'slack' });
  const refused = () =>
    readConfig({ TIERLINE_SMTP_URL: server.replace('smtps', 'imap'), TIERLINE_PORT: 'x' });
  expect(refused).toThrow(/TIERLINE_SMTP_URL \(value not shown\)/);
  expect(refused).not.toThrow(/canary-word/);
});

test('the highest label of a channel is said by its name, with or without TLP:', () => {
  expect(readConfig({}).channelLabels).toEqual({});
  expect(
    readConfig({ TIERLINE_CHANNEL_TLP: 'email=GREEN, chat=TLP:AMBER+STRICT,webhook=clear' }).channelLabels,
  ).toEqual({ email: 'TLP:GREEN', chat: 'TLP:AMBER+STRICT', webhook: 'TLP:CLEAR' });
});

test.each([
  ['sms=AMBER', 'names sms; there are webhook, chat, email'],
  ['email=ORANGE', 'gives email the label ORANGE; a channel may carry CLEAR, GREEN, AMBER, AMBER+STRICT'],
  ['chat=RED', 'gives chat the label RED; a channel may carry CLEAR, GREEN, AMBER, AMBER+STRICT'],
  ['email', 'gives email the label nothing;'],
  ['email=GREEN,email=AMBER', 'names email twice'],
  ['email=GREEN,', 'names no channel'],
])('TIERLINE_CHANNEL_TLP=%s is refused: it %s', (value, fact) => {
  expect(() => readConfig({ TIERLINE_CHANNEL_TLP: value })).toThrow(
    `TIERLINE_CHANNEL_TLP is "${value}"; it ${fact}`,
  );
});

test('connectors reach nothing but public addresses, know no host and run no script, unless told', () => {
  expect(readConfig({}).connectors).toEqual({ allow: [], sshKnownHosts: undefined, bash: false });
  const told = readConfig({
    TIERLINE_CONNECTOR_ALLOW: '127.0.0.1/32, edr.internal',
    TIERLINE_BASH_CONNECTOR: 'on',
  });
  expect(told.connectors).toMatchObject({ allow: ['127.0.0.1/32', 'edr.internal'], bash: true });
});

test('secrets for playbooks are read, and not written out with the rest', () => {
  const config = readConfig({ TIERLINE_SECRET_EDR_TOKEN: 'canary-41d' });
  expect([...config.vault.variables!.values()]).toEqual(['canary-41d']);
  expect(JSON.stringify(config)).not.toContain('canary-41d');
});

test('the embedded servers are given the environment without its secrets', () => {
  const given = {
    PATH: '/bin',
    TIERLINE_SECRET_EDR_TOKEN: 'canary-41d',
    TIERLINE_SMTP_URL: 'smtps://u:canary-41d@m',
  };
  expect(withoutSecrets(given)).toEqual({ PATH: '/bin' });
});
