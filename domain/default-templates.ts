/** The templates that ship: one for each occasion of a policy, and `status` for ladders. Published where absent. */
import type { TemplateBody } from './template.ts';

const REFERENCE_EN = '\n\nYour reference: {{ticket.reference}}\n';
const REFERENCE_DE = '\n\nIhr Zeichen: {{ticket.reference}}\n';

const template = (
  en: { subject: string; text: string },
  de: { subject: string; text: string },
): TemplateBody => ({
  language: 'en',
  subject: en.subject,
  text: `${en.text}${REFERENCE_EN}`,
  languages: { de: { subject: de.subject, text: `${de.text}${REFERENCE_DE}` } },
});

const SUBJECT = '{{ticket.subject|Your request}}';
const SUBJECT_DE = '{{ticket.subject|Ihre Anfrage}}';

export const DEFAULT_TEMPLATES: Readonly<Record<string, TemplateBody>> = {
  status: template(
    {
      subject: `Status: ${SUBJECT}`,
      text: 'We are working on your request. It is {{state}}, with priority {{priority}}.\n\nYou hear from us again by: {{nextUpdateAt}}',
    },
    {
      subject: `Stand: ${SUBJECT_DE}`,
      text: 'Wir arbeiten an Ihrer Anfrage. Sie ist {{state}}, mit Priorität {{priority}}.\n\nSie hören wieder von uns bis: {{nextUpdateAt}}',
    },
  ),
  opened: template(
    {
      subject: `Received: ${SUBJECT}`,
      text: 'We have received your request on {{openedAt}} and given it priority {{priority}}.\n\nWe aim to solve it by: {{promisedAt}}',
    },
    {
      subject: `Eingegangen: ${SUBJECT_DE}`,
      text: 'Ihre Anfrage ist am {{openedAt}} eingegangen und hat Priorität {{priority}}.\n\nWir wollen sie lösen bis: {{promisedAt}}',
    },
  ),
  'handed-on': template(
    {
      subject: `With our specialists: ${SUBJECT}`,
      text: 'Your request is now with another group of specialists. You need not explain it again.\n\nYou hear from us again by: {{nextUpdateAt}}',
    },
    {
      subject: `Bei unseren Fachleuten: ${SUBJECT_DE}`,
      text: 'Ihre Anfrage liegt jetzt bei einer anderen Gruppe von Fachleuten. Sie müssen sie nicht noch einmal erklären.\n\nSie hören wieder von uns bis: {{nextUpdateAt}}',
    },
  ),
  'vendor-engaged': template(
    {
      subject: `With the manufacturer: ${SUBJECT}`,
      text: 'We have asked the manufacturer for help with your request, and stay in charge of it.\n\nYou hear from us again by: {{nextUpdateAt}}',
    },
    {
      subject: `Beim Hersteller: ${SUBJECT_DE}`,
      text: 'Wir haben den Hersteller um Hilfe bei Ihrer Anfrage gebeten und bleiben für sie verantwortlich.\n\nSie hören wieder von uns bis: {{nextUpdateAt}}',
    },
  ),
  'major-incident': template(
    {
      subject: `Major incident: ${SUBJECT}`,
      text: 'This is a major incident. A team is working on it with the highest attention.\n\nYou hear from us again by: {{nextUpdateAt}}',
    },
    {
      subject: `Großstörung: ${SUBJECT_DE}`,
      text: 'Es liegt eine Großstörung vor. Ein Team arbeitet mit höchster Aufmerksamkeit an ihr.\n\nSie hören wieder von uns bis: {{nextUpdateAt}}',
    },
  ),
  workaround: template(
    {
      subject: `Workaround: ${SUBJECT}`,
      text: 'There is a workaround. We go on working on the solution.\n\nYou hear from us again by: {{nextUpdateAt}}',
    },
    {
      subject: `Umgehungslösung: ${SUBJECT_DE}`,
      text: 'Es gibt eine Umgehungslösung. An der endgültigen Lösung arbeiten wir weiter.\n\nSie hören wieder von uns bis: {{nextUpdateAt}}',
    },
  ),
  resolved: template(
    {
      subject: `Resolved: ${SUBJECT}`,
      text: 'Your request was resolved on {{resolvedAt}}.\n\nIf that is not so, please write to us before: {{closesAt|we close it}}',
    },
    {
      subject: `Gelöst: ${SUBJECT_DE}`,
      text: 'Ihre Anfrage wurde am {{resolvedAt}} gelöst.\n\nWenn das nicht so ist, schreiben Sie uns bitte vor: {{closesAt|dem Schließen}}',
    },
  ),
  reopened: template(
    {
      subject: `Open again: ${SUBJECT}`,
      text: 'We are working on your request again.\n\nYou hear from us by: {{nextUpdateAt}}',
    },
    {
      subject: `Wieder offen: ${SUBJECT_DE}`,
      text: 'Wir arbeiten wieder an Ihrer Anfrage.\n\nSie hören von uns bis: {{nextUpdateAt}}',
    },
  ),
  closed: template(
    {
      subject: `Closed: ${SUBJECT}`,
      text: 'Your request is closed. If you need us again, write to us: we open a new one.',
    },
    {
      subject: `Geschlossen: ${SUBJECT_DE}`,
      text: 'Ihre Anfrage ist geschlossen. Wenn Sie uns wieder brauchen, schreiben Sie uns: wir eröffnen eine neue.',
    },
  ),
};
