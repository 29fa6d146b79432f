/**
 * The command line. Each command lives in a file of its own, loaded only when it is called, so that `--help` and the
 * small commands stay quick.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { projectRoot, readConfig } from './config.ts';
import { withServices } from './home.ts';
import { joinSupervisor } from './supervised.ts';

const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
  version: string;
};

const program = new Command('tierline')
  .description('Durable SLA, escalation and containment engine')
  .version(version)
  .showHelpAfterError();

program
  .command('start')
  .description('run everything on this machine: PostgreSQL, Temporal, API and worker')
  .option('--json', 'print one line of JSON when ready')
  .option('--watch', 'start API and worker again when a source file changes')
  .action(async (options) => (await import('./start.ts')).run(readConfig(), options));

program
  .command('api')
  .description('run the API alone')
  .action(async () => {
    const [{ run }] = await Promise.all([import('./server.ts'), joinSupervisor()]);
    await run(withServices(readConfig()));
  });

program
  .command('worker')
  .description('run a worker alone')
  .action(async () => {
    const [{ run }] = await Promise.all([import('./worker.ts'), joinSupervisor()]);
    await run(withServices(readConfig()));
  });

program
  .command('migrate')
  .description('bring the database up to date and seed it')
  .option('--json', 'print the result as JSON')
  .action(async (options) => (await import('./migrate.ts')).run(readConfig(), options));

program
  .command('doctor')
  .description('say what is found, what is missing and how to mend it')
  .option('--json', 'print the findings as JSON')
  .action(async (options) => (await import('./doctor.ts')).run(options));

program
  .command('openapi')
  .description('write openapi.json from the routes')
  .option('--check', 'only say whether it is up to date')
  .action(async (options) => (await import('./openapi.ts')).run(options));

program
  .command('demo')
  .description('play the life of one ticket against the server that runs, in about a minute')
  .option('--json', 'print the result as JSON')
  .action(async (options) => {
    const apiKey = process.env['TIERLINE_API_KEY'] || undefined;
    await (await import('./demo.ts')).run(readConfig(), { ...options, apiKey });
  });

program
  .command('replay <file>')
  .description('judge the tickets of another system by our clocks')
  .requiredOption('--format <format>', 'bpic2013, uci, helpdesk or csv')
  .option('--mapping <file>', 'how to read it, for format csv')
  .option('--policy <name>', 'the policy to judge by', 'standard')
  .option('--limit <cases>', 'only so many cases, the first of the file')
  .option('--engine', 'also play every case as a real workflow in virtual time, and compare')
  .option('--varied', 'play only --limit cases, with holds, reopenings and changes of priority; judge all')
  .option('--keep <file>', "keep the engine's verdicts there, and go on from them")
  .option('--json', 'print one JSON document')
  .action(async (file, options) => (await import('./replay.ts')).run(file, options));

program
  .command('what-if [file]')
  .description('compare how tickets stand with how they would stand under another policy')
  .requiredOption('--policy <candidate>', 'a policy file, or the name of a policy')
  .option(
    '--against <policy>',
    'what to compare it with; else the policy of the same name, or what was recorded',
  )
  .option('--from <time>', 'only tickets opened since')
  .option('--to <time>', 'only tickets opened before')
  .option('--format <format>', 'how to read the file: bpic2013, uci, helpdesk or csv')
  .option('--mapping <file>', 'how to read it, for format csv')
  .option('--limit-changes <number>', 'how many changes to list; all are counted', '20')
  .option('--json', 'print one JSON document')
  .action(async (file, options) => (await import('./what-if.ts')).run(file, options));

const policy = program
  .command('policy')
  .description('policy files: what they promise, and whether they keep it');
policy
  .command('check [files...]')
  .description('say what is wrong with policy files, and what they promise')
  .option('--json', 'print one JSON document')
  .action(async (files, options) => {
    const { check, run } = await import('./policy.ts');
    await run(check, files, options);
  });
policy
  .command('test [files...]')
  .description('play the examples that policies carry')
  .option('--json', 'print one JSON document')
  .action(async (files, options) => {
    const { test, run } = await import('./policy.ts');
    await run(test, files, options);
  });

const playbook = program.command('playbook').description('playbooks of containment, CACAO v2.0');
playbook
  .command('check <files...>')
  .description('say whether playbooks can be executed, and what is wrong with them')
  .option('--json', 'print one line of JSON for each file')
  .option('--keys <path>', 'PEM file or folder of the public keys whose signatures are trusted')
  .action(async (files, options) => (await import('./playbook.ts')).check(files, options));
playbook
  .command('import <files...>')
  .description('store playbooks; what is invalid, or has a secret in it, is refused')
  .option('--json', 'print one line of JSON for each file')
  .action(async (files, options) =>
    (await import('./playbook.ts')).importFiles(withServices(readConfig()), files, options),
  );

playbook
  .command('run <playbook>')
  .description('ask for a run of a stored playbook (file or id) on a ticket, and watch it')
  .requiredOption('--ticket <ticket>', 'the ticket, by its id')
  .option('--variable <name=value...>', 'what the playbook is to be given')
  .option('--vault <name=path...>', 'what it is to take from the vault')
  .option('--reason <text>', 'why, for those who have to agree')
  .option('--dry-run', 'only the plan: nothing is done, nobody is asked')
  .option('--detach', 'ask for it, and do not watch')
  .option('--api <url>', 'where the API answers; else the one on this machine')
  .option('--json', 'print JSON: one line for each event, or the plan')
  .action(async (name, options) => (await import('./playbook-run.ts')).run(readConfig(), name, options));

const calendar = program.command('calendar').description('calendars: their faults, and holidays for them');
calendar
  .command('import <file>')
  .description('the holidays of an iCalendar file, ready to be pasted into a calendar')
  .requiredOption('--from <year>', 'first year')
  .requiredOption('--to <year>', 'last year')
  .option('--json', 'print them as JSON')
  .action(async (file, options) => (await import('./calendar.ts')).importHolidays(file, options));
calendar
  .command('check <file>')
  .description('say what is wrong with the calendars in a file, a policy file too')
  .option('--json', 'print the findings as JSON')
  .action(async (file, options) => (await import('./calendar.ts')).check(file, options));

program
  .command('clock')
  .description('business time as a filter: questions as JSON lines in, answers as JSON lines out')
  .action(async () => (await import('./clock.ts')).run());

program
  .command('bench <name>')
  .description('run a benchmark: clock, cost or what-if')
  .option('--json', 'print it as JSON')
  .action(async (name, options) => (await import('./bench.ts')).run(name, options));

const keys = program.command('keys').description('API keys: each is shown once, when it is made');
keys
  .command('create')
  .description('make a key')
  .requiredOption('--name <name>', 'what it is for')
  .requiredOption('--role <role>', 'integration, agent, lead, responder, approver, manager, auditor or admin')
  .option('--person <agent>', 'whose it is; decisions are made with personal keys')
  .option('--tier <number>', 'for an agent: the only tier it pulls from', Number)
  .option('--expires <time>', 'until when it is good, e.g. 2027-01-31T09:00:00Z')
  .option('--json', 'print it as JSON')
  .action(async (options) => (await import('./keys.ts')).create(withServices(readConfig()), options));
keys
  .command('list')
  .option('--json', 'print them as JSON')
  .action(async (options) => (await import('./keys.ts')).list(withServices(readConfig()), options));
keys
  .command('revoke <id>')
  .action(async (id) => (await import('./keys.ts')).revoke(withServices(readConfig()), id));

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${describe(error)}\n`);
  process.exit(1);
}

/** What a person needs: the message, and where it came from only when details are asked for. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const wantsDetails = ['debug', 'trace'].includes(process.env['TIERLINE_LOG_LEVEL'] ?? '');
  return wantsDetails ? (error.stack ?? error.message) : error.message;
}
