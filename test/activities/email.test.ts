/** E-mail against a real mail server: what arrives, and what is said of what does not. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SendFault, type ChannelMessage } from '../../activities/channels.ts';
import { createEmailChannel } from '../../activities/email.ts';
import { readHeader, startMailServer, type Fate, type MailServer } from '../support/mail-server.ts';

const FROM = 'Service Desk <desk@tierline.example>';
let mail: MailServer;
beforeEach(async () => {
  mail = await startMailServer();
});
afterEach(() => mail.close());

const message = (
  letter: Partial<ChannelMessage['letter']> = {},
  id = 'tkt_1.7.update.0',
): ChannelMessage => ({
  id,
  body: {},
  letter: {
    to: 'requester-1@customer.example',
    subject: 'Status: VPN drops',
    text: 'We are on it.\n.\nYour desk — grüßt\n',
    thread: 'tkt_1',
    ...letter,
  },
});
const send = (one = message(), url = mail.url) => createEmailChannel({ url, from: FROM }).send(one);
const faultOf = (sending: Promise<unknown>): Promise<SendFault> =>
  sending.then(
    () => {
      throw new Error('It was sent');
    },
    (error: unknown) => error as SendFault,
  );

test('arrives as plain text that says it is automatic', async () => {
  const { id } = await send();
  const [{ from, to, headers, text }] = mail.received as [MailServer['received'][0]];
  expect({ from, to, text }).toEqual({
    from: 'desk@tierline.example',
    to: ['requester-1@customer.example'],
    text: 'We are on it.\n.\nYour desk — grüßt\n',
  });
  expect(headers).toMatchObject({
    from: 'Service Desk <desk@tierline.example>',
    subject: 'Status: VPN drops',
    'message-id': id,
    'auto-submitted': 'auto-generated',
    'content-type': 'text/plain; charset=utf-8',
  });
});

test('the same update has the same Message-ID at every attempt, another one another', async () => {
  await send();
  await send();
  await send(message({}, 'tkt_1.9.update.0'));
  const ids = mail.received.map(({ headers }) => headers['message-id']);
  expect(ids[1]).toBe(ids[0]);
  expect(ids[2]).not.toBe(ids[0]);
  expect(ids[0]).toMatch(/^<[\w.]+@tierline\.example>$/);
});

test('the updates of one ticket stand in one thread, those of another elsewhere', async () => {
  await send();
  await send(message({}, 'tkt_1.9.update.0'));
  await send(message({ thread: 'tkt_2' }, 'tkt_2.3.update.0'));
  const [first, second, other] = mail.received.map(({ headers }) => headers);
  expect(first!['references']).toBe(first!['in-reply-to']);
  expect(second!['references']).toBe(first!['references']);
  expect(other!['references']).not.toBe(first!['references']);
});

describe('no words become headers or recipients', () => {
  test.each<[what: string, letter: Partial<ChannelMessage['letter']>]>([
    ['a line break in the subject', { subject: 'Hello\r\nBcc: spy@evil.example\r\n\r\nbody' }],
    ['a line break in the address', { to: 'requester-1@customer.example\r\nRCPT TO:<spy@evil.example>' }],
    ['a second address', { to: 'requester-1@customer.example, spy@evil.example' }],
    ['an end of the mail in the text', { text: 'Hello\r\n.\r\nMAIL FROM:<x@evil.example>\r\n' }],
    ['a line break in the thread', { thread: 'x>\r\nBcc: spy@evil.example' }],
  ])('%s', async (_what, letter) => {
    await send(message(letter)).catch(() => undefined);
    const all = mail.received.flatMap(({ to }) => to);
    expect(all.filter((address) => address !== 'requester-1@customer.example')).toEqual([]);
    expect(mail.received.length).toBeLessThanOrEqual(1);
    for (const { headers } of mail.received)
      expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['bcc', 'cc']));
  });

  test('a subject in other letters is read as it was written', async () => {
    await send(message({ subject: 'Gelöst: Drucker im „Süd“ geht nicht 🖨' }));
    expect(readHeader(mail.received[0]!.headers['subject']!)).toBe('Gelöst: Drucker im „Süd“ geht nicht 🖨');
  });
});

describe('what went wrong is told', () => {
  test.each<[what: string, fate: Fate, permanent: boolean, uncertain: boolean, words: RegExp]>([
    ['a recipient that is refused, for good', { recipient: 550 }, true, false, /refused it: .*550/],
    ['a recipient that is refused for now', { recipient: 450 }, false, false, /refused it: .*450/],
    ['a mail that is refused for now', { data: 451 }, false, false, /refused it: .*451/],
    ['a mail that is refused for good', { data: 554 }, true, false, /refused it: .*554/],
    ['a connection lost after the data', 'loseAfterData', false, true, /may have arrived/],
  ])('%s', async (_what, fate, permanent, uncertain, words) => {
    mail.fates.push(fate);
    const fault = await faultOf(send());
    expect(fault).toBeInstanceOf(SendFault);
    expect({ permanent: fault.permanent, uncertain: fault.uncertain }).toEqual({ permanent, uncertain });
    expect(fault.message).toMatch(words);
    expect(fault.message).not.toMatch(/requester-1|customer\.example/);
  });

  test('a server that is not there', async () => {
    const fault = await faultOf(send(message(), 'smtp://127.0.0.1:1'));
    expect(fault).toMatchObject({ permanent: false, uncertain: false });
    expect(fault.message).toMatch(/could not be used/);
  });

  test('nobody to write to', async () => {
    const { to: _to, ...letter } = message().letter!;
    const fault = await faultOf(send({ id: 'x', body: {}, letter }));
    expect(fault).toMatchObject({ permanent: true });
  });
});

describe('a server that wants a log-in', () => {
  const login = { user: 'desk/ü@tierline.example', password: 'p:a@s#s/%wörd' };

  test('gets it from the URL', async () => {
    const closed = await startMailServer({ login });
    await send(message(), closed.url);
    expect(closed.users).toEqual([login.user]);
    expect(closed.received).toHaveLength(1);
    await closed.close();
  });

  test('refuses it: that can be mended, and neither user nor password is told', async () => {
    const closed = await startMailServer({ login });
    const url = new URL(closed.url);
    url.password = 'wrong-canary';
    const fault = await faultOf(send(message(), url.href));
    expect(fault).toMatchObject({ permanent: false, uncertain: false });
    const all = `${fault.message} ${fault.stack}`;
    expect(all).toMatch(/535/);
    expect(all).not.toMatch(/wrong-canary|desk\/ü/);
    expect(all).not.toContain(Buffer.from('wrong-canary').toString('base64'));
    await closed.close();
  });
});

test('a certificate that nobody vouches for is not taken, unless the URL says so', async () => {
  // It warns that its own certificate is known to everybody.
  const warned = jest.spyOn(console, 'error').mockReturnValue();
  const strange = await startMailServer({ secure: true });
  warned.mockRestore();
  const fault = await faultOf(send(message(), strange.url));
  expect(fault.message).toMatch(/certificate/i);
  expect(strange.received).toEqual([]);
  await send(message(), `${strange.url}?tls.rejectUnauthorized=false`);
  expect(strange.received).toHaveLength(1);
  await strange.close();
});
