/** A small service desk's articles, and tickets with the article that solved each: written for the test, not taken from anybody. */
import type { Article } from '../../domain/article.ts';

type Sample = Pick<Article, 'title' | 'body'> & Partial<Article>;

export const ARTICLES: Record<string, Sample> = {
  vpnDrops: {
    title: 'VPN tunnel drops after a few minutes',
    body: 'The gateway closes tunnels whose keep-alive packets it does not see. Raise the keep-alive interval of the client to 20 seconds and connect again. Happens with home routers that sleep.',
    categories: ['network'],
    services: ['vpn'],
  },
  vpnInstall: {
    title: 'Install the VPN client on a new laptop',
    body: 'Download the client from the software portal, import the profile, sign in with the second factor.',
    categories: ['network'],
    services: ['vpn'],
  },
  wifi: {
    title: 'Cannot join the office wireless network',
    body: 'The certificate of the access points was renewed. Forget the network, join it again and trust the new certificate.',
    categories: ['network'],
    services: ['wifi'],
  },
  printerJam: {
    title: 'Printer reports a paper jam that is not there',
    body: 'A sensor in tray 2 is dusty. Open the tray, clean the sensor with compressed air, close it and print a test page.',
    categories: ['hardware'],
    services: ['printing'],
  },
  printerOffline: {
    title: 'Printer shown as offline',
    body: 'The print queue points to an old address. Remove the printer and add it from the print server.',
    categories: ['hardware'],
    services: ['printing'],
  },
  password: {
    title: 'Reset a forgotten password',
    body: 'Use the self-service portal with the second factor. An account is locked for 15 minutes after five wrong passwords.',
    categories: ['access'],
    services: ['directory'],
    audience: 'customer',
  },
  mfa: {
    title: 'New phone: move the authenticator app',
    body: 'Verify the identity by video, remove the old device of the second factor, and register the new phone with the QR code.',
    categories: ['access'],
    services: ['directory'],
  },
  mailbox: {
    title: 'Mailbox is full and sends bounce',
    body: 'Archive messages older than a year. The quota may be raised to 50 GB with the consent of the cost centre.',
    categories: ['mail'],
    services: ['mail'],
  },
  sharedMailbox: {
    title: 'Shared mailbox does not appear in Outlook',
    body: 'Automapping takes up to an hour after full access was granted. Restart Outlook; otherwise add the mailbox by hand in the account settings.',
    categories: ['mail'],
    services: ['mail'],
  },
  payment: {
    title: 'Checkout fails with error 502 at the payment provider',
    body: 'The provider rotates its TLS certificates. Reload the trust store of the payment gateway pods and repeat the failed captures from the dead-letter queue.',
    categories: ['application'],
    services: ['shop'],
  },
  slowReports: {
    title: 'Monthly report runs for hours',
    body: 'Statistics of the sales tables are stale after the nightly import. Run ANALYZE on them, then start the report again.',
    categories: ['application'],
    services: ['reporting'],
  },
  disk: {
    title: 'Server disk is full of logs',
    body: 'Log rotation stopped. Compress old logs under /var/log, restart logrotate, extend the volume if it fills again within a week.',
    categories: ['infrastructure'],
    services: ['hosting'],
  },
  backup: {
    title: 'Nightly backup failed with a snapshot error',
    body: 'A stale snapshot is still mounted. Unmount it, delete it, and start the backup job by hand.',
    categories: ['infrastructure'],
    services: ['hosting'],
  },
  badge: {
    title: 'Door badge is not accepted',
    body: 'Badges expire after two years. Facilities renew them at the reception; a day pass bridges the time.',
    categories: ['facilities'],
    services: ['building'],
  },
  headset: {
    title: 'Headset has no microphone in calls',
    body: 'Another program holds the microphone. Close it, choose the headset in the sound settings, and allow the browser to use it.',
    categories: ['hardware'],
    services: ['telephony'],
  },
  drucker: {
    title: 'Drucker druckt nur leere Seiten',
    body: 'Die Tonerkartusche ist noch versiegelt. Klappe öffnen, Schutzfolie abziehen, Kartusche wieder einsetzen.',
    categories: ['hardware'],
    services: ['printing'],
    language: 'de',
  },
};

export interface SampleTicket {
  article: keyof typeof ARTICLES;
  subject: string;
  description?: string;
  category?: string;
  service?: string;
}

export const TICKETS: SampleTicket[] = [
  {
    article: 'vpnDrops',
    subject: 'VPN disconnects all the time',
    description: 'Working from home, the connection drops every ten minutes and I have to connect again.',
    category: 'network',
  },
  { article: 'vpnDrops', subject: 'Tunnel keeps dropping', service: 'vpn' },
  {
    article: 'vpnInstall',
    subject: 'Got a new laptop, need the VPN',
    description: 'Please tell me where I download the client.',
  },
  {
    article: 'wifi',
    subject: 'Laptop will not connect to the wireless in the office',
    description: 'Since this morning it asks about a certificate.',
  },
  {
    article: 'wifi',
    subject: 'No network in meeting rooms',
    description: 'Wireless says that it cannot join.',
    category: 'network',
  },
  {
    article: 'printerJam',
    subject: 'Paper jam on the third floor',
    description: 'There is no paper stuck anywhere, we looked into every tray.',
  },
  { article: 'printerOffline', subject: 'Our printer is offline again', service: 'printing' },
  {
    article: 'printerOffline',
    subject: 'Cannot print',
    description: 'My documents stay in the queue and the printer is shown as offline since the move.',
  },
  { article: 'password', subject: 'I forgot my password', description: 'And now the account is locked.' },
  { article: 'password', subject: 'Account locked after wrong passwords', category: 'access' },
  {
    article: 'mfa',
    subject: 'Lost my phone',
    description: 'I bought a new one and the authenticator does not have my account, so I cannot sign in.',
  },
  {
    article: 'mailbox',
    subject: 'People tell me my mail bounces',
    description: 'They get: mailbox full.',
  },
  {
    article: 'sharedMailbox',
    subject: 'Do not see the shared mailbox of accounting',
    description: 'My lead gave me access an hour ago. Outlook shows only mine.',
  },
  {
    article: 'payment',
    subject: 'Nobody can pay in the web shop',
    description: 'Customers see error 502 when they check out with a card.',
    service: 'shop',
  },
  { article: 'payment', subject: 'Payments fail with certificate errors', category: 'application' },
  {
    article: 'slowReports',
    subject: 'Sales report still not finished',
    description: 'It was started yesterday evening and usually takes minutes.',
  },
  {
    article: 'disk',
    subject: 'Alert: filesystem /var 98 % used on web-04',
    description: 'Monitoring: volume is almost full.',
    category: 'infrastructure',
  },
  { article: 'disk', subject: 'Old logs fill the disk of the application server' },
  {
    article: 'backup',
    subject: 'Backup job of last night is red',
    description: 'Message: could not create snapshot.',
  },
  { article: 'badge', subject: 'My badge does not open the door' },
  {
    article: 'headset',
    subject: 'Nobody hears me in calls',
    description: 'The microphone of my headset seems dead. Sound is fine.',
  },
  {
    article: 'drucker',
    subject: 'Ausdrucke sind leer',
    description: 'Der Drucker gibt nur leere Seiten aus.',
  },
  {
    article: 'drucker',
    subject: 'Nach dem Wechsel der Kartuschen kommt nichts aufs Papier',
    description: 'Die Seite bleibt weiß.',
    service: 'printing',
  },
];

/** Tickets that no article is about. */
export const STRANGERS: Omit<SampleTicket, 'article'>[] = [
  { subject: 'Request for a standing desk', description: 'My doctor recommends one. Whom do I ask?' },
  { subject: 'Invoice 20931 has the wrong address', description: 'Please correct it and send it once more.' },
  { subject: 'Translate our terms into Polish', category: 'legal' },
  { subject: 'Kaffeemaschine defekt', description: 'Im zweiten Stock kommt kein Wasser.' },
  { subject: 'the and of or not', description: 'is it that we have been there' },
];
