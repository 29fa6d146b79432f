/** Putting values into commands: whatever they are, they stay values. */
import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { substituteAgent, substituteCommand } from '../../domain/command-text.ts';
import type { AgentTarget, Command, Variable } from '../../domain/playbook.ts';
import { substitute, Unresolvable, type Sink } from '../../domain/substitution.ts';

const text = (value: string | null): Variable => ({ type: 'string', value });
const looking =
  (variables: Record<string, Variable>) =>
  (name: string): Variable | undefined =>
    variables[name];
const x = (value: string) => looking({ __x__: text(value) });
const bodyOf = (command: Command, value: string): string =>
  new TextDecoder().decode(substituteCommand(command, x(value)).content);

/** Values of attackers, and any others. */
const values = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        '"',
        "'",
        '\\',
        '$(id)',
        '`id`',
        '\n',
        '\r\n',
        ' ',
        ';',
        '&&',
        '|',
        '#',
        '..',
        '/',
        '?',
        '%',
        '%2e',
        '*',
        ')',
        '(',
        ',',
        '=',
        '+',
        '__x__:value',
        '\0',
        '-rf',
        '--',
        '{',
        '}',
        '<',
        '>',
        '!',
        '’',
        '\u2028',
        'ä',
        '😀',
        'a',
        'Host: evil',
        ']]>',
        '-->',
        '&amp;',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
);
/** What comes of it, or null where the value was refused. */
const tried = (work: () => string): string | null => {
  try {
    return work();
  } catch (error) {
    if (error instanceof Unresolvable) return null;
    throw error;
  }
};

describe('a value put into JSON', () => {
  test('stays one text within quotes, for every value', () => {
    fc.assert(
      fc.property(values, (value) => {
        const made = substitute('{"host":"a __x__:value b","ok":true}', x(value), 'json');
        expect(JSON.parse(made)).toEqual({ host: `a ${value} b`, ok: true });
      }),
    );
  });

  test('outside quotes has its own type, for every value', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(JSON.parse(substitute('{"hosts":[__x__:value]}', x(value), 'json'))).toEqual({
          hosts: [value],
        });
      }),
    );
  });

  test.each<[Variable, unknown]>([
    [{ type: 'integer', value: '+007' }, 7],
    [{ type: 'float', value: '.5' }, 0.5],
    [{ type: 'bool', value: 'false' }, false],
    [{ type: 'dictionary', value: '{"a": [1]}' }, { a: [1] }],
    [{ type: 'integer', value: '' }, null],
    [{ type: 'ipv4-addr', value: '1.2.3.4' }, '1.2.3.4'],
  ])('%j becomes %j', (variable, expected) => {
    expect(JSON.parse(substitute('[ __x__:value , 1 ]', looking({ __x__: variable }), 'json'))).toEqual([
      expected,
      1,
    ]);
  });

  test.each([String.raw`"\__x__:value"`, '[1__x__:value]', '[__x__:value__x__:value]'])(
    'is refused in %s',
    (template) => {
      expect(() => substitute(template, x('","admin":true,"'), 'json')).toThrow(Unresolvable);
    },
  );

  test('keeps a long number exact', () => {
    const lookup = looking({ __x__: { type: 'long', value: '9007199254740993' } });
    expect(substitute('{"id":__x__:value}', lookup, 'json')).toBe('{"id":9007199254740993}');
  });
});

describe('a value put into a URL', () => {
  const command = { type: 'http-api', command: 'DELETE /hosts/__x__:value/groups?name=__x__:value HTTP/1.1' };

  test('stays one segment, and one parameter, or is refused', () => {
    fc.assert(
      fc.property(values, (value) => {
        const line = tried(() => substituteCommand(command, x(value)).command);
        if (line === null) return;
        const [method, target, version, ...more] = line.split(' ');
        expect([method, version, more]).toEqual(['DELETE', 'HTTP/1.1', []]);
        const url = new URL(target!, 'https://edr.example');
        expect(url.host).toBe('edr.example');
        expect(url.pathname.split('/').map(decodeURIComponent)).toEqual(['', 'hosts', value, 'groups']);
        expect([...url.searchParams]).toEqual([['name', value]]);
      }),
    );
  });

  test.each(['', '.', '..', '\ud800'])('%j in a path is refused', (value) => {
    expect(() => substituteCommand(command, x(value))).toThrow(Unresolvable);
  });

  test('may be empty in a query', () => {
    expect(substitute('/hosts?name=__x__:value', x(''), 'url')).toBe('/hosts?name=');
  });

  test('may not choose the method', () => {
    expect(() =>
      substituteCommand({ type: 'http-api', command: '__x__:value /hosts HTTP/1.1' }, x('GET')),
    ).toThrow('stands where the method is');
  });
});

describe('a value put into a header', () => {
  const command = { type: 'http-api', command: 'GET / HTTP/1.1', headers: { 'X-Host': ['a __x__:value'] } };

  test('stays within it, or is refused', () => {
    fc.assert(
      fc.property(values, (value) => {
        const made = tried(() => substituteCommand(command, x(value)).headers['X-Host']![0]!);
        const fits = Array.from(value).every((letter) => letter === '\t' || (letter >= ' ' && letter <= '~'));
        expect(made).toBe(fits ? `a ${value}` : null);
      }),
    );
  });
});

describe('a value put into a script', () => {
  const echoed = (script: string): string[] =>
    execFileSync('sh', ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).split('\0');

  test('reaches the command as one argument, or is refused', () => {
    const script = String.raw`printf '%s\000' -- a__x__:value "it's" $(printf '%s' b__x__:value) end # it's`;
    fc.assert(
      fc.property(values, (value) => {
        const made = tried(() => substitute(script.replace(/ \$\(.*\)/, ''), x(value), 'shell'));
        if (value.includes('\0')) expect(made).toBeNull();
        else expect(echoed(made!)).toEqual(['--', `a${value}`, "it's", 'end', '']);
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ['echo "__x__:value"', 'within quotes'],
    ["echo '__x__:value'", 'within quotes'],
    [`python -c "print(__x__:value)"`, 'within the script'],
    ['echo "$(cat __x__:value)"', 'double quotes'],
    ['echo "$(echo "a" b __x__:value)"', 'double quotes'],
    ['echo `cat __x__:value`', 'backquotes'],
    ['cat <<END\n__x__:value\nEND', 'here-document'],
    ['cat <<-END\n__x__:value\nEND', 'here-document'],
    ["echo $'a\\'__x__:value'", "$'…'"],
    ['echo $((1 + __x__:value))', 'arithmetic'],
    ['((y = __x__:value))', 'arithmetic'],
    ['[[ $y -eq __x__:value ]]', '[[ ]]'],
    ['echo ${y:-__x__:value}', '${…}'],
    ['echo hello # __x__:value', 'comment'],
    ['echo \\__x__:value', 'behind a \\'],
    ['eval echo __x__:value', 'as a program'],
    ['bash -c __x__:value', 'another shell'],
    ['sh -ec __x__:value', 'another shell'],
    ['ssh host rm __x__:value', 'far end'],
    ['python3 -c __x__:value', 'within the script'],
    ['__x__:value --all', 'where a command is named'],
    ['true; __x__:value', 'where a command is named'],
    ['true && __x__:value a', 'where a command is named'],
    ['if __x__:value a; then true; fi', 'where a command is named'],
    ['echo $( __x__:value )', 'where a command is named'],
    ['__x__:value', 'the whole script'],
  ])('%s is refused: %s', (script, reason) => {
    expect(() => substitute(script, x('1'), 'shell')).toThrow(reason);
  });

  test.each([
    ['userdel __x__:value', '-rf', null],
    ['userdel ""__x__:value', '-rf', null],
    ['userdel -- __x__:value', '-rf', "userdel -- '-rf'"],
    ['true -- a; userdel __x__:value', '-rf', null],
    ['nice -n __x__:value true', '-5', "nice -n '-5' true"],
    ['echo --name=__x__:value', '-rf', "echo --name='-rf'"],
    ['echo \'quoted\' "$y" ${y} __x__:value', "it's", String.raw`echo 'quoted' "$y" ${'${y}'} 'it'\''s'`],
    ["echo it\\'s __x__:value", 'a', "echo it\\'s 'a'"],
    ['# note\necho __x__:value', 'a', "# note\necho 'a'"],
    ['echo a#b __x__:value', 'a', "echo a#b 'a'"],
  ])('%s with %j: %s', (script, value, expected) => {
    expect(tried(() => substitute(script, x(value), 'shell'))).toBe(expected);
  });

  test('is the script only where the playbook itself says what it is', () => {
    const script = (variable: Partial<Variable>) =>
      tried(() =>
        substitute(
          '__x__:value',
          looking({ __x__: { type: 'string', value: 'ls -la', ...variable } }),
          'shell',
        ),
      );
    expect(script({ constant: true })).toBe('ls -la');
    expect(script({ constant: true, external: true })).toBeNull();
    expect(script({})).toBeNull();
  });

  test.each([
    ['Stop-Process -Name __x__:value', "a'; rm ’x", "Stop-Process -Name 'a''; rm ’’x'"],
    ['Stop-Process "__x__:value"', 'a', null],
    ['# __x__:value', 'a', null],
    ["$a = @'\n__x__:value\n'@", 'a', null],
    ['Stop-Process __x__:value', '-Force', null],
  ])('PowerShell: %s with %j: %s', (script, value, expected) => {
    expect(tried(() => substitute(script, x(value), 'powershell'))).toBe(expected);
  });
});

describe('a value put into LDAP', () => {
  const command = (parts: object): Command => ({ type: 'x-ldap', command: JSON.stringify(parts) });

  test('stays one part of a name, and one assertion of a filter, or is refused', () => {
    fc.assert(
      fc.property(values, (value) => {
        const made = tried(
          () =>
            substituteCommand(
              command({
                operation: 'search',
                base: 'uid=__x__:value,ou=people',
                filter: '(&(uid=__x__:value)(a=b))',
                attributes: ['__x__:value'],
              }),
              x(value),
            ).command,
        );
        if (made === null) return;
        const { base, filter, attributes } = JSON.parse(made);
        expect(attributes).toEqual([value]);
        const unescape = (escaped: string): string => {
          const bytes = escaped.replaceAll(/\\([0-9a-f]{2})/g, (_, hex: string) => `%${hex}`);
          return bytes.replaceAll(/%([0-9a-f]{2})/g, (whole, hex: string) =>
            Number.parseInt(hex, 16) < 128 ? String.fromCharCode(Number.parseInt(hex, 16)) : whole,
          );
        };
        // Nothing that ends a part may stand there unescaped.
        expect(base).toMatch(/^uid=(?:[^"+,;<>=\\\0]|\\[0-9a-f]{2})+,ou=people$/u);
        expect(filter).toMatch(/^\(&\(uid=(?:[^*()\\\0]|\\[0-9a-f]{2})+\)\(a=b\)\)$/u);
        if (!value.includes('%')) expect(unescape(base)).toBe(`uid=${value},ou=people`);
      }),
    );
  });

  test.each([
    ['uid=jdoe,ou=people,dc=example', true],
    [String.raw`cn=a\,b,dc=example`, true],
    ['everybody', false],
    ['uid=a\0', false],
    ['', false],
  ])('%j as a whole name: %p', (value, fits) => {
    const made = tried(
      () =>
        substituteCommand(command({ operation: 'modify', dn: '__x__:value', changes: [] }), x(value)).command,
    );
    expect(made).toBe(fits ? JSON.stringify({ operation: 'modify', dn: value, changes: [] }) : null);
  });
});

describe('a body', () => {
  const command = (type: string | undefined, content: string): Command => ({
    type: 'http-api',
    command: 'POST / HTTP/1.1',
    ...(type !== undefined && { headers: { 'content-TYPE': [type] } }),
    content,
  });

  test.each([
    ['application/json', '{"a":"__x__:value"}', '{"a":"\\"&<\'"}'],
    ['application/problem+json; charset=utf-8', '{"a":"__x__:value"}', '{"a":"\\"&<\'"}'],
    [undefined, ' {"a":"__x__:value"}', ' {"a":"\\"&<\'"}'],
    ['application/x-www-form-urlencoded', 'a=__x__:value&b=1', 'a=%22%26%3C%27&b=1'],
    ['text/xml', '<a b="__x__:value"/>', '<a b="&quot;&amp;&lt;&#39;"/>'],
    ['application/soap+xml', '<a>__x__:value</a>', '<a>&quot;&amp;&lt;&#39;</a>'],
    ['text/plain', '__x__:value', '"&<\''],
  ])('of type %s is written in its manner', (type, content, expected) => {
    expect(bodyOf(command(type, content), '"&<\'')).toBe(expected);
  });

  test('in base64 is read first; what is no text is sent as it is', () => {
    const b64 = (content: Uint8Array | string) => Buffer.from(content).toString('base64');
    const base = { type: 'openc2-http', command: 'POST /openc2 HTTP/1.1' };
    expect(bodyOf({ ...base, content_b64: b64('{"host":"__x__:value"}') }, '"')).toBe('{"host":"\\""}');
    const bytes = Uint8Array.of(0xff, 0x00, 0xfe);
    expect(substituteCommand({ ...base, content_b64: b64(bytes) }, x('')).content).toEqual(bytes);
    expect(substituteCommand({ type: 'ssh', command_b64: b64('echo __x__:value') }, x("ä'")).command).toBe(
      String.raw`echo 'ä'\'''`,
    );
  });
});

describe('every sink', () => {
  const sinks: Sink[] = [
    'json',
    'url',
    'form',
    'xml',
    'header',
    'shell',
    'powershell',
    'plain',
    'dn',
    'ldap-filter',
  ];

  test.each(sinks)('%s never looks at what was put in', (sink) => {
    const lookup = looking({ __x__: text('a__y__:value'), __y__: text('secret') });
    const template = sink === 'json' ? '"__x__:value"' : 'echo a/__x__:value';
    expect(substitute(template, lookup, sink)).not.toContain('secret');
  });

  test.each(sinks)('%s refuses what is unset, unknown or of another type than declared', (sink) => {
    const template = sink === 'json' ? '"__x__:value"' : 'echo a/__x__:value';
    for (const variable of [undefined, text(null), { type: 'integer', value: '1;id' } as Variable])
      expect(() => substitute(template, (_name) => variable, sink)).toThrow(Unresolvable);
  });
});

describe('an agent or target', () => {
  const base: AgentTarget = { type: 'ssh', name: 'host __x__:value', authentication_info: 'user-auth--1' };

  test.each([
    [{ ipv4: ['__x__:value'] }, '10.0.0.1', true],
    [{ ipv4: ['__x__:value'] }, '10.0.0.1 -oProxyCommand=id', false],
    [{ ipv4: ['__x__:value'] }, 'localhost', false],
    [{ ipv6: ['__x__:value'] }, '2001:db8::1', true],
    [{ dname: ['__x__:value.example.com'] }, 'web-01', true],
    [{ dname: ['__x__:value.example.com'] }, 'web/..', false],
    [{ dname: ['__x__:value'] }, '-oProxyCommand=id', false],
    [{ url: ['__x__:value'] }, 'https://edr.example/api', true],
    [{ url: ['__x__:value'] }, 'file:///etc/passwd', false],
    [{ url: ['__x__:value'] }, 'https://edr.example@evil.example/', false],
    [{ url: ['https://edr.example/__x__:value/api'] }, 'tenant 1', true],
    [{ url: ['https://edr.example/__x__:value/api'] }, '..', false],
  ])('%j with %j is an address: %p', (address, value, fits) => {
    const agent: AgentTarget = { ...base, address };
    const before = structuredClone(agent);
    const made = tried(() => JSON.stringify(substituteAgent(agent, x(value)).address));
    expect(made !== null).toBe(fits);
    expect(agent).toEqual(before);
  });

  test('keeps what it is and what it is called', () => {
    const made = substituteAgent({ ...base, port: '2__x__:value' }, x('2'));
    expect(made).toEqual({ ...base, name: 'host 2', port: '22' });
    expect(() => substituteAgent({ ...base, port: '__x__:value' }, x('70000'))).toThrow(
      'makes no port number',
    );
  });
});
