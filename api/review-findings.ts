/** What whoever reads a review should look at twice. */
import { isTaskSettled, type Review, type ReviewFinding } from '../domain/review.ts';
import type { ApiDeps } from './deps.ts';
import { sectionTexts } from './show-review.ts';

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** Whether one of these names stands in the text as a word of its own. */
function names(text: string, people: readonly string[]): boolean {
  return people.some((one) => new RegExp(`(?<![\\w-])${escaped(one)}(?![\\w-])`, 'iu').test(text));
}

/** Findings about the text and the tasks as they stand; none is in anybody's way. */
export async function findingsOf(deps: ApiDeps, review: Review): Promise<ReviewFinding[]> {
  const { participants, owner, tasks, sections } = review;
  const texts = Object.values(await sectionTexts(deps, review)).join('\n');
  const people = [...participants, ...(owner === null ? [] : [owner])];
  const isFound: Record<ReviewFinding, boolean> = {
    namesPerson: names(texts, people),
    noActions: !tasks.some((task) => !isTaskSettled(task) || task.state === 'verified'),
    noLuck: !sections.gotLucky,
    oneParticipant: participants.length < 2,
  };
  return (Object.keys(isFound) as ReviewFinding[]).filter((finding) => isFound[finding]);
}
