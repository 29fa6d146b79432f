/** A worker that carries out one unit and kills itself at a point: `kill -9`, between any two of its steps. */
import type { Playbook } from '../../domain/playbook.ts';
import type { UnitOrder } from '../../domain/unit.ts';
import { openDatabase } from '../../prisma/client.ts';
import { actuatorOver, STEADY, stepwise } from './units.ts';

export interface DoomedActuatorOptions {
  databaseUrl: string;
  playbook: Playbook;
  token: string;
  order: UnitOrder;
  point: string;
}

const { databaseUrl, playbook, token, order, point } = JSON.parse(process.argv[2]!) as DoomedActuatorOptions;
const database = openDatabase(databaseUrl);
const deps = stepwise(database, (at) => {
  if (at === point) process.kill(process.pid, 'SIGKILL');
});
await actuatorOver(database, playbook, { token, ...deps }).actuate(order, STEADY);
