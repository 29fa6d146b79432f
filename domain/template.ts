/**
 * How customer updates are worded: plain text with variables from a closed list. Nothing in a template is run, and
 * nothing that a variable stands for is read as a template again.
 */
import type { ListedState } from './projection.ts';

export interface Wording {
  subject: string;
  text: string;
}

export interface TemplateBody extends Wording {
  /** The language of subject and text (BCP 47); English unless said. */
  language?: string;
  /** The same in other languages, by their tags. */
  languages?: Readonly<Record<string, Wording>>;
}

/** What a variable stands for, for people who write templates. */
export const VARIABLES = {
  'ticket.id': 'our id of the ticket',
  'ticket.reference': 'its number in the customer’s or the front end’s system, else our id',
  'ticket.subject': 'what it is about, as it was opened',
  'ticket.type': 'such as incident',
  customer: 'the customer',
  service: 'the service that it is about',
  priority: 'P1 to P4',
  state: 'open, on hold, resolved, closed or cancelled, in the words of the language',
  vendor: 'the vendor engaged last',
  openedAt: 'when it was opened',
  restoredAt: 'when the service worked again',
  resolvedAt: 'when it was resolved',
  closesAt: 'when a resolved ticket closes by itself',
  nextUpdateAt: 'until when the customer hears from us next',
  promisedAt: 'the time promised for the solution, else its deadline',
} as const;
export type Variable = keyof typeof VARIABLES;

/** Text, an instant (epoch milliseconds) or a state. */
export type Value = string | { at: number } | { state: ListedState };
export type Values = Partial<Record<Variable, Value>>;

/** For whom a template is rendered. */
export interface TemplateReader {
  /** BCP 47; the template's own language where it is null or the template does not have it. */
  language: string | null;
  /** IANA; UTC where it is null or unknown. */
  timezone: string | null;
}

export interface TemplateFault {
  code: 'variable_unknown' | 'variable_unclosed';
  message: string;
}

type Part = string | { variable: Variable; otherwise?: string };

const isVariable = (name: string): name is Variable => Object.hasOwn(VARIABLES, name);

/** Where something is in a text, for people. */
function placeOf(text: string, index: number): string {
  const lines = text.slice(0, index).split('\n');
  return `in line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
}

function parse(text: string): { parts: Part[]; faults: TemplateFault[] } {
  const parts: Part[] = [];
  const faults: TemplateFault[] = [];
  let from = 0;
  for (const { 0: whole, 1: inside, index } of text.matchAll(/\{\{(?:([^{}\n]*)\}\})?/g)) {
    parts.push(text.slice(from, index));
    from = index + whole.length;
    const [name = '', ...rest] = inside?.split('|') ?? [];
    const variable = name.trim();
    const otherwise = rest.join('|').trim();
    if (inside === undefined)
      faults.push({
        code: 'variable_unclosed',
        message: `{{ ${placeOf(text, index)} has no }} behind it in its line`,
      });
    else if (isVariable(variable)) parts.push({ variable, ...(otherwise && { otherwise }) });
    else
      faults.push({
        code: 'variable_unknown',
        message: `there is no variable ${variable || 'without a name'} (${placeOf(text, index)}); there are ${Object.keys(VARIABLES).join(', ')}`,
      });
  }
  parts.push(text.slice(from));
  return { parts, faults };
}

/** Everything wrong with a text as a template, in the order of the text. */
export const templateFaults = (text: string): TemplateFault[] => parse(text).faults;

/** Words that stand for values, by language. */
const WORDS: Record<string, Record<ListedState | 'unknown', string>> = {
  en: {
    open: 'open',
    onHold: 'on hold',
    resolved: 'resolved',
    closed: 'closed',
    cancelled: 'cancelled',
    unknown: 'not known yet',
  },
  de: {
    open: 'offen',
    onHold: 'wartend',
    resolved: 'gelöst',
    closed: 'geschlossen',
    cancelled: 'storniert',
    unknown: 'noch nicht bekannt',
  },
  fr: {
    open: 'ouvert',
    onHold: 'en attente',
    resolved: 'résolu',
    closed: 'fermé',
    cancelled: 'annulé',
    unknown: 'pas encore connu',
  },
  es: {
    open: 'abierto',
    onHold: 'en espera',
    resolved: 'resuelto',
    closed: 'cerrado',
    cancelled: 'cancelado',
    unknown: 'aún no se sabe',
  },
};

const primary = (language: string): string => language.split('-', 1)[0]!.toLowerCase();
const wordsOf = (language: string) => WORDS[primary(language)] ?? WORDS['en']!;

/** The wording for a reader: `de-AT` reads `de-AT`, else `de`, else the template's own language. */
function wordingFor(body: TemplateBody, wanted: string | null): Wording & { language: string } {
  const own = { ...body, language: body.language ?? 'en' };
  const others = Object.entries(body.languages ?? {});
  for (let tag = wanted ?? ''; tag !== ''; tag = tag.slice(0, Math.max(0, tag.lastIndexOf('-')))) {
    const [, found] = others.find(([language]) => language.toLowerCase() === tag.toLowerCase()) ?? [];
    // The reader's own region says how dates are written.
    if (found) return { ...found, language: wanted! };
    if (own.language.toLowerCase() === tag.toLowerCase()) return { ...own, language: wanted! };
  }
  return own;
}

const INSTANT = {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
} as const;

function formatFor(language: string, timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat(language.toLowerCase() === 'en' ? 'en-GB' : language, {
      ...INSTANT,
      timeZone,
    });
  } catch {
    // A tag or a zone that the runtime does not know; the zone is shown, so nobody is misled.
    return timeZone === 'UTC'
      ? new Intl.DateTimeFormat('en-GB', { ...INSTANT, timeZone })
      : formatFor(language, 'UTC');
  }
}

/** With its zone, and with ordinary spaces. */
const writtenInstant = (at: number, { language, timezone }: TemplateReader): string =>
  formatFor(language ?? 'en', timezone ?? 'UTC')
    .format(at)
    .replaceAll(/[\u00a0\u202f]/g, ' ');

/** Values come from outside: no line of theirs is one of ours, and nothing in them controls anything. */
const tame = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();

function written(
  value: Value | undefined,
  reader: TemplateReader & { language: string },
): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return tame(value) || undefined;
  return 'at' in value ? writtenInstant(value.at, reader) : wordsOf(reader.language)[value.state];
}

function fill(text: string, values: Values, reader: TemplateReader & { language: string }): string {
  const { unknown } = wordsOf(reader.language);
  return parse(text)
    .parts.map((part) =>
      typeof part === 'string' ? part : (written(values[part.variable], reader) ?? part.otherwise ?? unknown),
    )
    .join('');
}

/** A subject is one line, and not longer than mail programs show. */
const SUBJECT_LENGTH = 200;

/** An update in the reader's language and time zone; what is not known is said to be so. */
export function renderTemplate(body: TemplateBody, values: Values, reader: TemplateReader): Wording {
  const { subject, text, language } = wordingFor(body, reader.language);
  const meant = { ...reader, language };
  return {
    subject: subjectLine(fill(subject, values, meant)),
    text: fill(text, values, meant),
  };
}

/** Text as a subject: one line of bounded length, and no half character at its end. */
export function subjectLine(text: string): string {
  const line = tame(text);
  if (line.length <= SUBJECT_LENGTH) return line;
  return `${line.slice(0, SUBJECT_LENGTH - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
