/** A review as one Markdown document: its parts, its actions, who was there, and the timeline of the incident. */
import { SEES_ALL } from '../domain/visibility.ts';
import type { Review } from '../domain/review.ts';
import { REVIEW_SECTIONS, type ReviewSection } from '../domain/review-rule.ts';
import { taskViews } from './tasks.ts';
import type { ApiDeps } from './deps.ts';
import type { TimelineEntryView } from './schemas/reviews.ts';
import type { TaskView } from './schemas/tasks.ts';
import { sectionTexts } from './show-review.ts';

const HEADINGS: Record<ReviewSection, string> = {
  summary: 'Summary',
  impact: 'Impact',
  timeline: 'What happened',
  wentWell: 'What went well',
  wentWrong: 'What went wrong',
  gotLucky: 'Where we got lucky',
  contributingFactors: 'Contributing factors',
  rootCause: 'Root cause',
  fiveWhys: 'Five whys',
  detection: 'Detection',
  response: 'Response',
  actions: 'Actions',
  lessons: 'Lessons learnt',
};

/** No text becomes markup that somebody else wrote. */
const plain = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const cell = (text: string): string =>
  plain(text)
    .replaceAll('|', String.raw`\|`)
    .replaceAll(/\s+/g, ' ');
const minute = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 19)}`;
const row = (...cells: string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const iso = (at: number | null): string => (at === null ? 'not yet' : minute(new Date(at).toISOString()));

function table(head: string[], rows: string[][]): string {
  if (rows.length === 0) return 'None.';
  const rule = `| ${head.map(() => '---').join(' | ')} |`;
  return [row(...head), rule, ...rows.map((cells) => row(...cells))].join('\n');
}

function facts(review: Review): string {
  const { due } = review;
  return table(
    ['', ''],
    [
      ['Ticket', review.ticket],
      ['Cause', review.cause],
      ['Severity', review.severity ?? 'none'],
      ['State', review.state],
      ['Owner', review.owner ?? 'nobody'],
      ['Meeting held', iso(review.heldAt)],
      ['Accepted', iso(review.acceptedAt)],
      ['Quiet until', iso(review.quietUntil)],
      ['Effective', review.effective === null ? 'not judged yet' : review.effective ? 'yes' : 'no'],
      ['Closed', iso(review.closedAt)],
      ...(due ? [['Due next', `${due.about}, ${iso(due.dueAt)}`]] : []),
    ],
  );
}

const actionRow = ({ id, title, kind, state, owner, dueAt }: TaskView): string[] => [
  title ?? '(erased)',
  kind,
  owner ?? 'nobody',
  minute(dueAt),
  state,
  id,
];

function what(entry: TimelineEntryView): string {
  if (entry.type === 'gap')
    return `nothing written down for ${Math.round(entry.lengthSeconds! / 60)} minutes`;
  const words = entry.words === null ? '(erased)' : Object.values(entry.words ?? {}).join(' ');
  return [entry.type, words].filter(Boolean).join(': ');
}

const timelineRow = (entry: TimelineEntryView): string[] => [
  minute(entry.at),
  entry.type === 'gap' ? 'gap' : `${entry.source} ${entry.of}`,
  entry.actor?.actingFor ?? entry.actor?.subject ?? '',
  entry.openThen ? `${what(entry)} (${entry.openThen.join(', ')})` : what(entry),
];

/** The document, in UTC. */
export async function markdownOf(
  deps: ApiDeps,
  review: Review,
  timeline: readonly TimelineEntryView[],
): Promise<string> {
  const texts = await sectionTexts(deps, review);
  const found = await Promise.all(review.tasks.map(({ id }) => deps.tasks.get(id, SEES_ALL)));
  const tasks = await taskViews(
    deps,
    found.flatMap((task) => task ?? []),
  );
  const sections = REVIEW_SECTIONS.flatMap((section) => {
    const text = texts[section];
    return text === undefined ? [] : [`## ${HEADINGS[section]}`, text === null ? '(erased)' : plain(text)];
  });
  const people = review.participants.map((one) => `- ${plain(one)}`);
  return [
    `# Review of ${review.ticket}`,
    facts(review),
    '## Participants',
    people.length > 0 ? people.join('\n') : 'None.',
    ...sections,
    '## Tasks and action items',
    table(['What', 'Kind', 'Owner', 'Due', 'State', 'Task'], tasks.map(actionRow)),
    '## Timeline',
    'All times are in UTC.',
    table(['When', 'Where', 'Who', 'What'], timeline.map(timelineRow)),
    '',
  ].join('\n\n');
}
