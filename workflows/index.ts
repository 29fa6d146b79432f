/** Every workflow by name; the bundle starts here. */
export { problemWorkflow } from './problem.ts';
export { outboxWorkflow } from './outbox.ts';
export { readerWorkflow } from './reader.ts';
export { reviewWorkflow } from './review.ts';
export { ruleChangeWorkflow } from './rule-change.ts';
export { scheduledTicketWorkflow } from './scheduled-ticket.ts';
export { taskWorkflow } from './task.ts';
export { ticketWorkflow } from './ticket.ts';
