/** How updates are worded: what a template may say, and what a customer reads. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_TEMPLATES } from '../../domain/default-templates.ts';
import {
  renderTemplate,
  subjectLine,
  templateFaults,
  VARIABLES,
  type TemplateBody,
  type Values,
} from '../../domain/template.ts';

const AT = Date.parse('2026-07-10T14:30:00Z');
const BERLIN = { language: 'de', timezone: 'Europe/Berlin' };
const NOBODY = { language: null, timezone: null };
const said = (text: string, values: Values = {}, reader: Parameters<typeof renderTemplate>[2] = NOBODY) =>
  renderTemplate({ subject: 's', text }, values, reader).text;

describe('a template', () => {
  test('may say what is on the list', () => {
    const all = Object.keys(VARIABLES)
      .map((name) => `{{${name}}} {{ ${name} | or not }}`)
      .join('\n');
    expect(templateFaults(all)).toEqual([]);
  });

  test.each([
    ['{{nope}}', 'variable_unknown', 'line 1, column 1'],
    ['Dear customer,\n  {{ ticket.secret }}', 'variable_unknown', 'line 2, column 3'],
    ['{{}}', 'variable_unknown', 'without a name'],
    ['{{constructor}} {{__proto__}}', 'variable_unknown', 'constructor'],
    ['a {{ticket.id', 'variable_unclosed', 'line 1, column 3'],
    ['{{ticket.id\n}}', 'variable_unclosed', 'line 1, column 1'],
    ['{{ {{ticket.id}} }}', 'variable_unclosed', 'line 1, column 1'],
    ['{{{ticket.id}}}', 'variable_unclosed', 'line 1, column 1'],
  ])('%j is refused, and told where', (text, code, words) => {
    const [fault] = templateFaults(text);
    expect(fault).toMatchObject({ code });
    expect(fault!.message).toContain(words);
  });

  test('each fault is told', () => {
    expect(templateFaults('{{a}} {{b}} {{ticket.id}} {{c')).toHaveLength(3);
  });

  test('ships without fault, in two languages', () => {
    for (const body of Object.values(DEFAULT_TEMPLATES))
      for (const { subject, text } of [body, body.languages!['de']!])
        expect([...templateFaults(subject), ...templateFaults(text)]).toEqual([]);
  });
});

describe('what is not known', () => {
  test.each<[language: string | null, words: string]>([
    [null, 'not known yet'],
    ['de', 'not known yet'],
  ])('is said to be so in the language of the template (%s)', (language, words) => {
    expect(said('By {{nextUpdateAt}}', {}, { language, timezone: null })).toBe(`By ${words}`);
  });

  test('is what the template says otherwise', () => {
    expect(said('By {{nextUpdateAt|tomorrow, or | so}}')).toBe('By tomorrow, or | so');
    expect(said('By {{nextUpdateAt|tomorrow}}', { nextUpdateAt: { at: AT } })).not.toContain('tomorrow');
  });

  test('an empty value is not known either', () => {
    expect(said('{{customer|you}}', { customer: ' \n ' })).toBe('you');
  });
});

describe('an instant', () => {
  const values = { nextUpdateAt: { at: AT } };
  test.each<[string | null, string | null, string]>([
    [null, null, 'Friday 10 July 2026 at 14:30 UTC'],
    [null, 'Asia/Tokyo', 'Friday 10 July 2026 at 23:30 GMT+9'],
    [null, 'America/New_York', 'Friday 10 July 2026 at 10:30 GMT-4'],
    [null, 'Mars/Olympus', 'Friday 10 July 2026 at 14:30 UTC'],
    ['not a language', null, 'Friday 10 July 2026 at 14:30 UTC'],
  ])('for %s in %s', (language, timezone, words) => {
    // A comma after the weekday is there or not, by the version of the language data.
    expect(said('{{nextUpdateAt}}', values, { language, timezone }).replace(',', '')).toBe(words);
  });

  test('is on the other day where it is', () => {
    const late = { nextUpdateAt: { at: Date.parse('2026-12-31T23:30:00Z') } };
    expect(said('{{nextUpdateAt}}', late, { language: null, timezone: 'Europe/Berlin' })).toMatch(
      /1 January 2027.*00:30/,
    );
  });
});

describe('the language', () => {
  const body: TemplateBody = {
    subject: 'Status',
    text: 'It is {{state}}, until {{nextUpdateAt}}',
    languages: {
      de: { subject: 'Stand', text: 'Es ist {{state}}, bis {{nextUpdateAt}}' },
      'pt-BR': { subject: 'Situação', text: 'Está {{state}}' },
    },
  };
  const values: Values = { state: { state: 'onHold' }, nextUpdateAt: { at: AT } };

  test.each<[wanted: string | null, subject: string]>([
    ['de', 'Stand'],
    ['DE', 'Stand'],
    ['de-AT', 'Stand'],
    ['de-Latn-CH', 'Stand'],
    ['pt-br', 'Situação'],
    ['pt', 'Status'],
    ['en-US', 'Status'],
    ['fr', 'Status'],
    ['', 'Status'],
    [null, 'Status'],
  ])('%j reads %s', (language, subject) => {
    expect(renderTemplate(body, values, { language, timezone: null }).subject).toBe(subject);
  });

  test('is that of dates and states too', () => {
    const { text } = renderTemplate(body, values, BERLIN);
    expect(text).toBe('Es ist wartend, bis Freitag, 10. Juli 2026 um 16:30 MESZ');
  });

  test('of a reader whom the template does not know is the template’s, for dates too', () => {
    expect(renderTemplate(body, values, { language: 'fr', timezone: null }).text).toMatch(
      /on hold, until Friday/,
    );
  });
});

describe('values from outside', () => {
  test('are never read as a template', () => {
    expect(said('{{ticket.subject}}', { 'ticket.subject': '{{ticket.id}} ${1+1} <b>' })).toBe(
      '{{ticket.id}} ${1+1} <b>',
    );
  });

  test('bring no lines and no control characters', () => {
    const subject = 'a\r\nBcc: x\u2028y\u0000z';
    expect(
      renderTemplate(
        { subject: 'S: {{ticket.subject}}', text: '{{ticket.subject}}' },
        { 'ticket.subject': subject },
        NOBODY,
      ),
    ).toEqual({
      subject: 'S: a Bcc: x y z',
      text: 'a Bcc: x y z',
    });
  });

  test('a subject is one line of bounded length, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        const line = subjectLine(text);
        expect(line.length).toBeLessThanOrEqual(200);
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        expect(line).not.toMatch(/\p{Surrogate}/u);
      }),
    );
  });
});
