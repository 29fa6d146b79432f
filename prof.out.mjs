// histories/format.ts
function lookUp(table, text2) {
  return Object.hasOwn(table, text2) ? table[text2] : void 0;
}
function skip(field, trouble, value) {
  return { skip: `${field} ${trouble}`, detail: value === "" ? "nothing" : JSON.stringify(value) };
}

// domain/calendar.ts
import { createHash } from "node:crypto";

// domain/canonical-json.ts
function canonicalJson(value) {
  return JSON.stringify(value, (_key, part) => isPlainObject(part) ? sorted(part) : part);
}
function isPlainObject(part) {
  return typeof part === "object" && part !== null && !Array.isArray(part);
}
function sorted(object) {
  return Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => a < b ? -1 : 1));
}

// domain/zone.ts
var SECOND = 1e3;
var DAY = 864e5;
var BLOCK = 64 * DAY;
var SAMPLE = 4 * DAY;
var FARTHEST = 16 * 36e5;
var BLOCKS_KEPT = 365;
var ZONES_KEPT = 1e3;
function wallClockOf({ at, before, after }) {
  return at + Math.max(before, after);
}
var SHOWN = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/;
var Zone = class {
  #format;
  #blocks = /* @__PURE__ */ new Map();
  /** Throws a RangeError where the runtime does not know the zone. */
  constructor(name) {
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric"
    });
  }
  /** Milliseconds that local clocks are ahead of UTC at an instant. */
  offsetAt(at) {
    const { offset, changes } = this.#block(Math.floor(at / BLOCK));
    let current = offset;
    for (const change2 of changes) if (change2.at <= at) current = change2.after;
    return current;
  }
  /** The offset at `from`, and the changes after it and before `until`. */
  offsetsBetween(from, until) {
    const changes = [];
    for (let index = Math.floor(from / BLOCK); index * BLOCK < until; index += 1)
      for (const change2 of this.#block(index).changes)
        if (change2.at > from && change2.at < until) changes.push(change2);
    return { offset: this.offsetAt(from), changes };
  }
  /** Changes that may matter to wall-clock times between the two (as if they were UTC), and the offset before them. */
  offsetsAround(from, until) {
    return this.offsetsBetween(from - FARTHEST, until + FARTHEST);
  }
  /** Instant of a wall-clock time; a skipped one is taken as much later, of two the first (`wallClockOf`). */
  instantOf(wallClock) {
    const { offset, changes } = this.offsetsAround(wallClock, wallClock + 1);
    let current = offset;
    for (const change2 of changes) if (wallClockOf(change2) <= wallClock) current = change2.after;
    return wallClock - current;
  }
  /** The change that skips a wall-clock time, if one does. */
  changeSkipping(wallClock) {
    const { changes } = this.offsetsAround(wallClock, wallClock + 1);
    return changes.find(({ at, before, after }) => at + before <= wallClock && wallClock < at + after);
  }
  #block(index) {
    const known = this.#blocks.get(index);
    if (known) return known;
    if (this.#blocks.size >= BLOCKS_KEPT) this.#blocks.clear();
    const found = this.#search(index * BLOCK);
    this.#blocks.set(index, found);
    return found;
  }
  /** The block that starts at `start`. A change just at its start is not in it: the block begins with what is after. */
  #search(start) {
    const offset = this.#ask(start);
    const changes = [];
    let before = offset;
    for (let from = start; from < start + BLOCK; from += SAMPLE) {
      const after = this.#ask(from + SAMPLE);
      if (after !== before) changes.push(this.#changeBetween(from, from + SAMPLE, before));
      before = after;
    }
    return { offset, changes: changes.filter(({ at }) => at < start + BLOCK) };
  }
  /** The change in `(from, to]`, to the second, which is how exactly zone rules are written. */
  #changeBetween(from, to, before) {
    let [low, high] = [from / SECOND, to / SECOND];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ask(middle * SECOND) === before) low = middle;
      else high = middle;
    }
    return { at: high * SECOND, before, after: this.#ask(high * SECOND) };
  }
  /** What `Intl` says, for a whole second. */
  #ask(at) {
    const parts = SHOWN.exec(this.#format.format(at));
    const [month, day, year, hour, minute, second] = parts.slice(1).map(Number);
    return Date.UTC(year, month - 1, day, hour, minute, second) - at;
  }
};
var zones = /* @__PURE__ */ new Map();
function zoneNamed(name) {
  const known = zones.get(name);
  if (known !== void 0) return known;
  if (zones.size >= ZONES_KEPT) zones.clear();
  const zone = /^[+-]/.test(name) ? null : openZone(name);
  zones.set(name, zone);
  return zone;
}
function openZone(name) {
  try {
    return new Zone(name);
  } catch {
    return null;
  }
}

// domain/calendar.ts
var MINUTE = 6e4;
var DAY2 = 864e5;
var WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
function zoneDataVersion() {
  return process.versions["tz"] ?? "unknown";
}
function calendarVersion(calendar) {
  return createHash("sha256").update(canonicalJson(calendar)).digest("hex").slice(0, 12);
}
function minutesOf(time) {
  const [hours, minutes] = time.split(":");
  return Number(hours) * 60 + Number(minutes);
}
function isKnownZone(zone) {
  return zoneNamed(zone) !== null;
}
function zoneOf({ timezone }) {
  const zone = zoneNamed(timezone);
  if (!zone) throw new RangeError(`${timezone} is not a time zone known here`);
  return zone;
}
var DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
function dayNumber(date) {
  const parts = DATE.exec(date);
  if (!parts) return null;
  const at = Date.parse(`${date}T00:00Z`);
  return dateOf(at / DAY2) === date ? at / DAY2 : null;
}
function dateOf(day) {
  return Number.isFinite(day) ? new Date(day * DAY2).toISOString().slice(0, 10) : "";
}
function windowFindings(windows, pointer) {
  const findings = [];
  let previousCloses = -1;
  windows.forEach(([opens, closes], i) => {
    const at = `${pointer}/${i}`;
    const error = (code, message) => findings.push({ severity: "error", pointer: at, code, message });
    if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(opens))
      return error("time_malformed", `${opens} is not a time of day HH:MM`);
    if (!/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/.test(closes))
      return error("time_malformed", `${closes} is not a time of day HH:MM or 24:00`);
    if (closes === "23:59")
      return error("closing_before_midnight", "closing at 23:59 loses a minute a day; say 24:00");
    if (minutesOf(closes) <= minutesOf(opens))
      return error(
        "window_empty",
        `the window ${opens}-${closes} has no length; a night shift is two windows`
      );
    if (minutesOf(opens) < previousCloses)
      return error("windows_overlap", `the window ${opens}-${closes} starts before the one before it ends`);
    previousCloses = minutesOf(closes);
  });
  return findings;
}
function checkCalendar(calendar) {
  const findings = [];
  const error = (pointer, code, message) => findings.push({ severity: "error", pointer, code, message });
  if (!isKnownZone(calendar.timezone))
    error("/timezone", "zone_unknown", `${calendar.timezone} is not a time zone known here`);
  for (const day of WEEKDAYS) findings.push(...windowFindings(calendar.hours[day] ?? [], `/hours/${day}`));
  calendar.holidays.forEach((date, i) => {
    if (dayNumber(date) === null)
      error(`/holidays/${i}`, "date_malformed", `${date} is not a date YYYY-MM-DD`);
  });
  for (const [date, windows] of Object.entries(calendar.exceptions)) {
    if (dayNumber(date) === null)
      error(`/exceptions/${date}`, "date_malformed", `${date} is not a date YYYY-MM-DD`);
    findings.push(...windowFindings(windows, `/exceptions/${date}`));
  }
  const hasOpenTime = WEEKDAYS.some((day) => (calendar.hours[day] ?? []).length > 0) || Object.values(calendar.exceptions).some((windows) => windows.length > 0);
  if (!hasOpenTime)
    error("/hours", "never_open", "the calendar has no open time; no deadline could ever be met");
  return findings;
}
var minutesOfAll = (windows = []) => windows.flatMap(([opens, closes]) => [minutesOf(opens), minutesOf(closes)]);
var readCalendars = /* @__PURE__ */ new WeakMap();
function read(calendar) {
  const known = readCalendars.get(calendar);
  if (known) return known;
  const special = /* @__PURE__ */ new Map();
  for (const date of calendar.holidays) special.set(dayNumber(date), []);
  for (const date of Object.keys(calendar.exceptions))
    special.set(dayNumber(date), minutesOfAll(calendar.exceptions[date]));
  const week = WEEKDAYS.map((weekday) => minutesOfAll(calendar.hours[weekday]));
  const done = { zone: zoneOf(calendar), week, special };
  readCalendars.set(calendar, done);
  return done;
}
var weekdayOf = (day) => ((day + 3) % 7 + 7) % 7;
function windowsOn({ week, special }, day) {
  return special.get(day) ?? week[weekdayOf(day)];
}
function eachWindow(calendar, { first, last }, tell) {
  const around = calendar.zone.offsetsAround(first * DAY2, (last + 1) * DAY2);
  const { changes } = around;
  let { offset } = around;
  let next = 0;
  for (let day = first; day <= last; day += 1) {
    const windows = windowsOn(calendar, day);
    for (let i = 0; i < windows.length; i += 2) {
      const opens = day * DAY2 + windows[i] * MINUTE;
      const closes = day * DAY2 + windows[i + 1] * MINUTE;
      while (next < changes.length && opens >= wallClockOf(changes[next])) {
        offset = changes[next].after;
        next += 1;
      }
      const change2 = changes[next];
      if (change2 === void 0) tell(opens - offset, closes - offset, day);
      else if (opens < change2.at + change2.before)
        tell(opens - offset, closes - (closes >= wallClockOf(change2) ? change2.after : offset), day);
    }
  }
}
var REACH = 2;
function openSpansOfDays(calendar, first, last) {
  const spans = [];
  let covered = Number.NEGATIVE_INFINITY;
  eachWindow(read(calendar), { first: first - REACH, last }, (opensAt, closesAt, day) => {
    const from = Math.max(opensAt, covered);
    covered = Math.max(covered, closesAt);
    if (day < first || closesAt <= from) return;
    const before = spans.at(-1);
    if (before?.[1] === from) before[1] = closesAt;
    else spans.push([from, closesAt]);
  });
  return spans;
}
function localDayOf(calendar, at) {
  return Math.floor((at + zoneOf(calendar).offsetAt(at)) / DAY2);
}
function localInstant(wallClock, timeZone) {
  return zoneOf({ timezone: timeZone }).instantOf(wallClock);
}
function startOfDay(zone, day) {
  return zone.changeSkipping(day * DAY2)?.at ?? zone.instantOf(day * DAY2);
}
function localDays(calendar, first, last) {
  const open2 = /* @__PURE__ */ new Set();
  eachWindow(calendar, { first, last }, (_opensAt, _closesAt, day) => open2.add(day));
  const days = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return {
    first,
    starts: [...days, last + 1].map((day) => startOfDay(calendar.zone, day)),
    open: days.map((day) => open2.has(day) ? "1" : "0").join("")
  };
}
function expandCalendar(name, calendar, from, until, { days = false } = {}) {
  const first = localDayOf(calendar, from);
  const last = localDayOf(calendar, Math.max(from, until - 1));
  const spans = openSpansOfDays(calendar, first - REACH, last + REACH);
  return {
    calendar: name,
    version: calendarVersion(calendar),
    zoneData: zoneDataVersion(),
    from,
    until,
    intervals: spans.map(([opensAt, closesAt]) => [Math.max(opensAt, from), Math.min(closesAt, until)]).filter(([opensAt, closesAt]) => opensAt < closesAt),
    ...days && { days: localDays(read(calendar), first, last) }
  };
}

// histories/times.ts
var TOKENS = {
  yyyy: { part: "year", source: "(\\d{4})" },
  MM: { part: "month", source: "(\\d{2})" },
  M: { part: "month", source: "(\\d{1,2})" },
  dd: { part: "day", source: "(\\d{2})" },
  d: { part: "day", source: "(\\d{1,2})" },
  HH: { part: "hour", source: "(\\d{2})" },
  H: { part: "hour", source: "(\\d{1,2})" },
  hh: { part: "hour12", source: "(\\d{2})" },
  h: { part: "hour12", source: "(\\d{1,2})" },
  mm: { part: "minute", source: "(\\d{2})" },
  ss: { part: "second", source: "(\\d{2})" },
  SSS: { part: "millisecond", source: "(\\d{3})" },
  a: { part: "half", source: "([AaPp][Mm])" }
};
var TOKEN = /yyyy|MM?|dd?|HH?|hh?|mm|ss|SSS|a|[^a-zA-Z]+|./g;
function compile(format) {
  const parts = [];
  const sources = (format.match(TOKEN) ?? []).map((piece) => {
    const token = TOKENS[piece];
    if (token) parts.push(token.part);
    else if (/[a-zA-Z]/.test(piece) && piece !== "T" && piece !== "Z")
      throw new Error(`${format} is no time format: ${piece} is none of ${Object.keys(TOKENS).join(", ")}`);
    return token?.source ?? piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  for (const needed of ["year", "month", "day"])
    if (!parts.includes(needed)) throw new Error(`${format} is no time format: it has no ${needed}`);
  return { expression: new RegExp(`^${sources.join("")}$`), parts };
}
var daysIn = (year, month) => new Date(Date.UTC(year, month, 0)).getUTCDate();
function wallClockOf2({
  year = 0,
  month = 0,
  day = 0,
  hour = 0,
  minute = 0,
  second = 0,
  millisecond = 0
}) {
  const exists = month >= 1 && month <= 12 && hour <= 23 && minute <= 59 && second <= 59;
  if (!exists || day < 1 || day > 28 && day > daysIn(year, month)) return null;
  return Date.UTC(year, month - 1, day, hour, minute, second, millisecond);
}
function hourOf12({ hour12, half }) {
  if (hour12 === void 0 || hour12 < 1 || hour12 > 12) return 24;
  return hour12 % 12 + (half === 1 ? 12 : 0);
}
function readParts({ expression, parts }, text2) {
  const match = expression.exec(text2);
  if (!match) return null;
  const found = {};
  parts.forEach((part, i) => {
    const digits = match[i + 1];
    found[part] = part === "half" ? Number(digits.toLowerCase() === "pm") : Number(digits);
  });
  return parts.includes("hour12") ? { ...found, hour: hourOf12(found) } : found;
}
var ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(?:(Z)|([+-])(\d\d):?(\d\d))?$/i;
function readIso(text2, zone) {
  const match = ISO.exec(text2);
  if (!match) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0));
  const millisecond = Number((match[7] ?? "").padEnd(3, "0").slice(0, 3));
  const wallClock = wallClockOf2({ year, month, day, hour, minute, second, millisecond });
  if (wallClock === null || match[8]) return wallClock;
  if (!match[9]) return zone === void 0 ? null : localInstant(wallClock, zone);
  const offset = (Number(match[10]) * 60 + Number(match[11])) * 6e4;
  return match[9] === "-" ? wallClock + offset : wallClock - offset;
}
function rememberingTheLast(read5) {
  let lastText;
  let lastAt = null;
  return (text2) => {
    if (text2 !== lastText) [lastText, lastAt] = [text2, read5(text2)];
    return lastAt;
  };
}
function timeReader({ format, zone }) {
  if (format === "iso") return (text2) => readIso(text2, zone);
  if (format === "epochSeconds") return (text2) => /^\d{1,12}$/.test(text2) ? Number(text2) * 1e3 : null;
  if (format === "epochMilliseconds") return (text2) => /^\d{1,15}$/.test(text2) ? Number(text2) : null;
  const pattern = compile(format);
  if (zone === void 0) throw new Error(`${format} has no offset in it; name the zone of these times`);
  return rememberingTheLast((text2) => {
    const parts = readParts(pattern, text2);
    const wallClock = parts && wallClockOf2(parts);
    return wallClock === null ? null : localInstant(wallClock, zone);
  });
}

// histories/bpic2013.ts
var COLUMNS = {
  caseId: "case:concept:name",
  time: "time:timestamp",
  status: "concept:name",
  subStatus: "lifecycle:transition",
  team: "org:group",
  impact: "impact",
  product: "product"
};
var STATUSES = {
  Accepted: "open",
  Queued: "open",
  Completed: "resolved",
  Unmatched: "unchanged"
};
var HOLDS = {
  "Wait - User": "customer",
  "Wait - Customer": "customer",
  "Wait - Vendor": "vendor",
  Wait: "internal",
  "Wait - Implementation": "internal"
};
var PRIORITIES = { Major: "P1", High: "P2", Medium: "P3", Low: "P4" };
var LEVELS = { Major: "high", High: "high", Medium: "medium", Low: "low" };
var readTime = timeReader({ format: "iso" });
function lineOf(team) {
  if (team.endsWith(" 3rd")) return 3;
  return team.endsWith(" 2nd") ? 2 : 1;
}
function attributesOf(cells) {
  const level2 = lookUp(LEVELS, cells[COLUMNS.impact]) ?? "medium";
  const service = cells[COLUMNS.product];
  return {
    type: "incident",
    channel: "api",
    impact: level2,
    // The log knows no urgency; its priorities follow from the impact alone.
    urgency: level2,
    ...service !== "" && { service },
    external: { system: "bpic2013", id: cells[COLUMNS.caseId] }
  };
}
function read2({ number: row, cells }) {
  const caseId = cells[COLUMNS.caseId];
  const status = lookUp(STATUSES, cells[COLUMNS.status]);
  const subStatus = cells[COLUMNS.subStatus];
  const team = cells[COLUMNS.team];
  const priority2 = lookUp(PRIORITIES, cells[COLUMNS.impact]);
  const at = readTime(cells[COLUMNS.time]);
  if (caseId === "") return skip(COLUMNS.caseId, "names no incident", caseId);
  if (at === null) return skip(COLUMNS.time, "is not an ISO 8601 time with its offset", cells[COLUMNS.time]);
  if (!status) return skip(COLUMNS.status, "is not a known status", cells[COLUMNS.status]);
  if (!priority2) return skip(COLUMNS.impact, "is not a known impact", cells[COLUMNS.impact]);
  if (team === "") return skip(COLUMNS.team, "names no team", team);
  return {
    caseId,
    row,
    at,
    status: status === "resolved" && subStatus === "Closed" ? "closed" : status,
    hold: lookUp(HOLDS, subStatus) ?? null,
    responds: cells[COLUMNS.status] === "Accepted" && subStatus === "In Progress",
    queued: cells[COLUMNS.status] === "Queued",
    accepts: cells[COLUMNS.status] === "Accepted",
    priority: priority2,
    tier: lineOf(team),
    team,
    attributes: attributesOf(cells)
  };
}
var bpic2013 = { name: "bpic2013", columns: Object.values(COLUMNS), read: read2 };

// histories/csv.ts
var JOINT = " / ";
var LEVEL_OF = { P1: "high", P2: "high", P3: "medium", P4: "low" };
function columnsOf({ columns, attributes: attributes2 }) {
  const { event, ...others } = columns;
  const named = [...Object.values(others), ...Object.values(attributes2)].filter(
    (column) => column !== void 0
  );
  return [.../* @__PURE__ */ new Set([...event, ...named])];
}
function attributesOf2(mapping, cells, priority2) {
  const entries = Object.entries(mapping.attributes).map(([name, column]) => [name, cells[column]]).filter(([, value]) => !mapping.missing.includes(value));
  return {
    type: "incident",
    channel: "api",
    impact: LEVEL_OF[priority2],
    urgency: LEVEL_OF[priority2],
    ...Object.fromEntries(entries),
    external: { system: "csv", id: cells[mapping.columns.case] }
  };
}
function priorityIn({ columns, priorities, defaults, missing }, cells) {
  if (!columns.priority || !priorities) return defaults.priority;
  const value = cells[columns.priority];
  const priority2 = lookUp(priorities, value);
  if (priority2 === void 0 && missing.includes(value)) return defaults.priority;
  return priority2 ?? skip(columns.priority, "is not in the priorities of the mapping", value);
}
function tierIn({ columns, tiers, defaults, missing }, cells) {
  if (!columns.tier) return defaults.tier;
  const value = cells[columns.tier];
  const tier = tiers ? lookUp(tiers, value) : /^[1-9]\d{0,2}$/.test(value) ? Number(value) : void 0;
  if (tier === void 0 && missing.includes(value)) return defaults.tier;
  if (tier !== void 0) return tier;
  return skip(
    columns.tier,
    tiers ? "is not in the tiers of the mapping" : "is not a tier number from 1",
    value
  );
}
function meaningIn({ columns, events, otherEvents }, cells) {
  const value = columns.event.map((column) => cells[column]).join(JOINT);
  const meaning = lookUp(events, value) ?? otherEvents;
  return meaning ?? skip(columns.event.join(JOINT), "is not in the events of the mapping", value);
}
function csvFormat(mapping) {
  const { columns, missing } = mapping;
  const readTime4 = timeReader(mapping.time);
  const readOpening2 = timeReader(mapping.time);
  const noTime = `is not a time ${mapping.time.format}`;
  function read5({ number: row, cells }) {
    const caseId = cells[columns.case];
    const at = readTime4(cells[columns.time]);
    const openedAt = columns.opened ? readOpening2(cells[columns.opened]) : void 0;
    const meaning = meaningIn(mapping, cells);
    const priority2 = priorityIn(mapping, cells);
    const tier = tierIn(mapping, cells);
    const team = columns.team ? cells[columns.team] : "";
    if (missing.includes(caseId)) return skip(columns.case, "names no case", caseId);
    if (at === null) return skip(columns.time, noTime, cells[columns.time]);
    if (openedAt === null) return skip(columns.opened, noTime, cells[columns.opened]);
    if ("skip" in meaning) return meaning;
    if (typeof priority2 === "object") return priority2;
    if (typeof tier === "object") return tier;
    return {
      caseId,
      row,
      at,
      ...openedAt !== void 0 && { openedAt },
      ...meaning,
      priority: priority2,
      tier,
      ...team !== "" && !missing.includes(team) && { team },
      attributes: attributesOf2(mapping, cells, priority2)
    };
  }
  return { name: "csv", columns: columnsOf(mapping), delimiter: mapping.delimiter, read: read5 };
}

// histories/helpdesk.ts
var ZONE = "Europe/Rome";
var TAKEN = "Take in charge ticket";
var WAIT = "Wait";
var STATUSES2 = {
  [TAKEN]: "open",
  [WAIT]: "open",
  "Resolve ticket": "resolved",
  Closed: "closed"
};
var SERIOUSNESS = {
  "Value 1": { priority: "P4", level: "low" },
  "Value 2": { priority: "P3", level: "medium" },
  "Value 3": { priority: "P2", level: "high" },
  "Value 4": { priority: "P1", level: "high" }
};
var readTime2 = timeReader({ format: "yyyy/MM/dd HH:mm:ss.SSS", zone: ZONE });
function attributesOf3(cells, level2) {
  return {
    type: "incident",
    channel: "api",
    impact: level2,
    urgency: level2,
    customer: cells["customer"],
    service: cells["product"],
    external: { system: "helpdesk", id: cells["Case ID"] }
  };
}
function read3({ number: row, cells }) {
  const { "Case ID": caseId, Activity: activity, seriousness_2: seriousness } = cells;
  const time = cells["Complete Timestamp"];
  const at = readTime2(time);
  const graded = lookUp(SERIOUSNESS, seriousness);
  if (!caseId) return skip("Case ID", "names no case", caseId);
  if (!activity) return skip("Activity", "is empty", activity);
  if (at === null) return skip("Complete Timestamp", "is not a time yyyy/MM/dd HH:mm:ss.SSS", time);
  if (!graded) return skip("seriousness_2", "is not a known seriousness", seriousness);
  return {
    caseId,
    row,
    at,
    status: lookUp(STATUSES2, activity) ?? "unchanged",
    hold: activity === WAIT ? "customer" : null,
    responds: activity === TAKEN,
    queued: false,
    accepts: false,
    priority: graded.priority,
    tier: 1,
    attributes: attributesOf3(cells, graded.level)
  };
}
var helpdesk = {
  name: "helpdesk",
  columns: ["Case ID", "Activity", "Complete Timestamp", "seriousness_2", "customer", "product"],
  read: read3
};

// histories/mapping.ts
import { readFile } from "node:fs/promises";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";

// domain/policy.ts
var PRIORITIES2 = ["P1", "P2", "P3", "P4"];
var LEVELS2 = ["high", "medium", "low"];
var HOLD_REASONS = ["customer", "vendor", "internal"];
var CLOCK_NAMES = ["firstResponse", "resolution"];
var AUDIENCES = ["assignee", "team", "lead", "manager"];
function priorityOf(policy, impact, urgency) {
  return policy.priorityMatrix[impact][urgency];
}
function isMoreUrgent(a, b) {
  return PRIORITIES2.indexOf(a) < PRIORITIES2.indexOf(b);
}
function targetsOf({ targets }) {
  return PRIORITIES2.flatMap((priority2) => targets[priority2] ?? []);
}
function nextTier(policy, tier) {
  const above = policy.tiers.map((one) => one.tier).filter((one) => one > tier);
  return above.length > 0 ? Math.min(...above) : void 0;
}
function lowestTier(policy) {
  return Math.min(...policy.tiers.map(({ tier }) => tier));
}

// histories/mapping.ts
var STATES = {
  open: { status: "open", hold: null },
  ...Object.fromEntries(HOLD_REASONS.map((hold) => [`hold ${hold}`, { status: "open", hold }])),
  resume: { status: "unchanged", hold: null },
  resolve: { status: "resolved", hold: null },
  close: { status: "closed", hold: null },
  cancel: { status: "cancelled", hold: null }
};
var ACTS = ["respond", "queue", "accept"];
var NONE = "none";
var WORDS = [NONE, ...Object.keys(STATES), ...ACTS];
var columnSchema = z.union([z.string().min(1), z.number()], "must be the name of a column").transform(String);
var eventSchema = z.union([z.string(), z.array(z.string()).min(1)], "must be a word or a list of words").transform((given, context) => {
  const words2 = [given].flat();
  const fault3 = (message) => context.addIssue({ code: "custom", message });
  const unknown = words2.filter((word2) => !WORDS.includes(word2));
  if (unknown.length > 0) fault3(`${unknown.join(", ")} is not one of ${WORDS.join(", ")}`);
  const states = words2.filter((word2) => Object.hasOwn(STATES, word2));
  if (states.length > 1) fault3(`a row cannot say ${states.join(" and ")} at once`);
  if (words2.includes(NONE) && words2.length > 1) fault3("none stands alone");
  return {
    status: "unchanged",
    ...STATES[states[0] ?? ""],
    responds: words2.includes("respond"),
    queued: words2.includes("queue"),
    accepts: words2.includes("accept")
  };
});
var timeSchema = z.strictObject({ format: z.string(), zone: z.string().optional() }).superRefine(({ format, zone }, context) => {
  const fault3 = (field, message) => context.addIssue({ code: "custom", path: [field], message });
  if (zone !== void 0 && !isKnownZone(zone))
    return fault3("zone", `${zone} is not a time zone known here`);
  try {
    timeReader({ format, zone });
  } catch (error) {
    fault3("format", error.message);
  }
});
var columnsSchema = z.strictObject({
  case: columnSchema,
  time: columnSchema,
  event: z.union([columnSchema, z.array(columnSchema).min(1)], "must be the name of a column, or a list of names").transform((given) => [given].flat()),
  opened: columnSchema.optional(),
  priority: columnSchema.optional(),
  tier: columnSchema.optional(),
  team: columnSchema.optional()
});
var ATTRIBUTES = [
  "customer",
  "contract",
  "service",
  "configurationItem",
  "site",
  "category",
  "symptom"
];
var mappingSchema = z.strictObject({
  columns: columnsSchema,
  time: timeSchema,
  events: z.record(z.string(), eventSchema),
  otherEvents: eventSchema.optional(),
  priorities: z.record(z.string(), z.enum(PRIORITIES2)).optional(),
  tiers: z.record(z.string(), z.int().min(1)).optional(),
  defaults: z.strictObject({ priority: z.enum(PRIORITIES2).default("P3"), tier: z.int().min(1).default(1) }).prefault({}),
  attributes: z.partialRecord(z.enum(ATTRIBUTES), columnSchema).default({}),
  missing: z.array(z.union([z.string(), z.null()]).transform((text2) => text2 ?? "")).default(["", "?"]),
  delimiter: z.string().length(1, "is one character").default(",")
}).superRefine(({ columns, priorities, tiers }, context) => {
  const fault3 = (path, message) => context.addIssue({ code: "custom", path, message });
  if (columns.priority && !priorities)
    fault3(["priorities"], "is missing; columns.priority cannot be read without it");
  if (!columns.priority && priorities)
    fault3(["columns", "priority"], "is missing; priorities has nothing to read");
  if (!columns.tier && tiers) fault3(["columns", "tier"], "is missing; tiers has nothing to read");
});
var MappingError = class extends Error {
  name = "MappingError";
};
var fieldOf = (path) => path.map((key) => /^[\w-]+$/.test(String(key)) ? String(key) : JSON.stringify(key)).join(".");
function faultsOf(issue) {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      field: fieldOf([...issue.path, key]),
      message: "is not a field of a mapping"
    }));
  if (issue.path.length === 0 && issue.code === "invalid_type")
    return [{ field: "", message: "is no mapping: a set of fields such as columns, time and events" }];
  const isMissing = issue.input === void 0 && issue.code !== "custom";
  const message = isMissing ? "is missing" : issue.message;
  return [{ field: fieldOf(issue.path), message }];
}
function parseMapping(text2, file) {
  let value;
  try {
    value = parse(text2);
  } catch (error) {
    if (error instanceof YAMLParseError)
      throw new MappingError(`${file}: not YAML: ${error.message}`, { cause: error });
    throw error;
  }
  const result = mappingSchema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const faults = result.error.issues.flatMap(faultsOf);
  throw new MappingError(
    faults.map(({ field, message }) => `${file}: ${field ? `${field} ` : ""}${message}`).join("\n")
  );
}
async function readMapping(file) {
  const text2 = await readFile(file, "utf8").catch((error) => {
    throw new MappingError(`${file} cannot be read: ${error.message}`, { cause: error });
  });
  return parseMapping(text2, file);
}

// histories/uci.ts
var ZONE2 = "Europe/London";
var MISSING = "?";
var STATES2 = {
  New: { status: "open", hold: null },
  Active: { status: "open", hold: null },
  "Awaiting User Info": { status: "open", hold: "customer" },
  "Awaiting Evidence": { status: "open", hold: "customer" },
  "Awaiting Vendor": { status: "open", hold: "vendor" },
  "Awaiting Problem": { status: "open", hold: "internal" },
  Resolved: { status: "resolved", hold: null },
  Closed: { status: "closed", hold: null },
  // A value outside ServiceNow's list: the ticket was touched, nobody knows how it stood.
  "-100": { status: "unchanged", hold: null }
};
var PRIORITIES3 = {
  "1 - Critical": "P1",
  "2 - High": "P2",
  "3 - Moderate": "P3",
  "4 - Low": "P4"
};
var LEVELS3 = {
  "1 - High": "high",
  "2 - Medium": "medium",
  "3 - Low": "low"
};
var TIME = { format: "d/M/yyyy HH:mm", zone: ZONE2 };
var readTime3 = timeReader(TIME);
var readOpening = timeReader(TIME);
function attributesOf4(cells) {
  const named = (column) => cells[column] === MISSING ? void 0 : cells[column];
  const category = named("category");
  const symptom = named("u_symptom");
  const configurationItem = named("cmdb_ci");
  return {
    type: "incident",
    channel: "api",
    impact: lookUp(LEVELS3, cells["impact"]) ?? "medium",
    urgency: lookUp(LEVELS3, cells["urgency"]) ?? "medium",
    ...category !== void 0 && { category },
    ...symptom !== void 0 && { symptom },
    ...configurationItem !== void 0 && { configurationItem },
    external: { system: "uci", id: cells["number"] }
  };
}
function read4({ number: row, cells }) {
  const { number: caseId, incident_state: state, priority: priority2, assignment_group: team } = cells;
  const at = readTime3(cells["sys_updated_at"]);
  const openedAt = readOpening(cells["opened_at"]);
  const standing = lookUp(STATES2, state);
  const known = lookUp(PRIORITIES3, priority2);
  if (!caseId || caseId === MISSING) return skip("number", "names no incident", caseId);
  if (at === null) return skip("sys_updated_at", "is not a time d/M/yyyy HH:mm", cells["sys_updated_at"]);
  if (openedAt === null) return skip("opened_at", "is not a time d/M/yyyy HH:mm", cells["opened_at"]);
  if (!standing) return skip("incident_state", "is not a known state", state);
  if (!known) return skip("priority", "is not a known priority", priority2);
  return {
    caseId,
    row,
    at,
    openedAt,
    ...standing,
    responds: state !== "New",
    queued: false,
    accepts: false,
    priority: known,
    tier: 1,
    ...team !== MISSING && { team },
    attributes: attributesOf4(cells)
  };
}
var uci = {
  name: "uci",
  columns: [
    "number",
    "incident_state",
    "sys_updated_at",
    "opened_at",
    "priority",
    "assignment_group",
    "impact",
    "urgency",
    "category",
    "u_symptom",
    "cmdb_ci"
  ],
  read: read4
};

// histories/formats.ts
var BUILT_IN = { bpic2013, uci, helpdesk };
var FORMAT_NAMES = [...Object.keys(BUILT_IN), "csv"];
async function formatOf(name, mappingFile) {
  const builtIn = lookUp(BUILT_IN, name);
  if (builtIn) return builtIn;
  if (name !== "csv") throw new Error(`${name} is not a format; known are ${FORMAT_NAMES.join(", ")}`);
  if (mappingFile === void 0)
    throw new MappingError("The format csv needs a mapping file, given with --mapping; see docs/replay.md");
  return csvFormat(await readMapping(mappingFile));
}

// histories/reading.ts
var isFinal = (status) => status === "closed" || status === "cancelled";
function handoff(standing, { tier, team, queued }) {
  const offer = { type: "handoffOffered", toTier: tier, ...team !== void 0 && { team } };
  if (tier !== standing.tier) return queued ? [offer] : [offer, { type: "handoffAccepted" }];
  if (team === void 0 || team === standing.team) return [];
  return [standing.offered ? offer : { type: "assigned", team }];
}
function reopening(standing) {
  const { offered, tier: toTier, team } = standing;
  if (!offered) return [{ type: "reopened" }];
  return [{ type: "reopened" }, { type: "handoffOffered", toTier, ...team !== void 0 && { team } }];
}
function ending(standing, status) {
  switch (status) {
    case "open":
      return [];
    case "resolved":
      return standing.status === "open" ? [{ type: "resolved" }] : [];
    case "closed":
      return standing.status === "open" ? [{ type: "resolved" }, { type: "closed" }] : [{ type: "closed" }];
    case "cancelled":
      return [{ type: "cancelled" }];
  }
}
function changesOf(standing, next, reading) {
  const reopens = next.status === "open" && standing.status !== "open";
  const endsHold = standing.hold !== null && next.hold !== standing.hold;
  const startsHold = next.hold !== null && next.hold !== standing.hold;
  const takesOffer = standing.offered && reading.accepts && reading.tier === standing.tier;
  return [
    ...next.priority === standing.priority ? [] : [{ type: "prioritised", priority: next.priority }],
    ...reopens ? reopening(standing) : [],
    ...endsHold ? [{ type: "resumed", reason: standing.hold }] : [],
    ...handoff(standing, reading),
    ...takesOffer ? [{ type: "handoffAccepted" }] : [],
    ...next.responded && !standing.responded ? [{ type: "messageAdded", author: "agent", visibility: "public" }] : [],
    ...startsHold ? [{ type: "held", reason: next.hold }] : [],
    ...next.status === standing.status ? [] : ending(standing, next.status)
  ];
}
function standingAfter(standing, reading, status) {
  const moves = reading.tier !== standing.tier;
  return {
    status: status === "unchanged" || isFinal(standing.status) ? standing.status : status,
    hold: reading.hold === void 0 ? standing.hold : reading.hold,
    priority: reading.priority,
    tier: reading.tier,
    offered: moves ? reading.queued : standing.offered && !reading.accepts,
    team: reading.team ?? standing.team,
    responded: standing.responded || reading.responds
  };
}
var factId = (row, ordinal) => `${String(row).padStart(9, "0")}.${ordinal}`;
function factsOf(row, at, change2) {
  return change2.map((body, ordinal) => ({
    ...body,
    id: factId(row, ordinal),
    occurredAt: at,
    imported: true
  }));
}
function countOutOfOrder(readings) {
  return readings.filter(({ at }, i) => i > 0 && at < readings[i - 1].at).length;
}
function statusOf(readings, i, lastOpen) {
  const { status } = readings[i];
  return isFinal(status) && i < lastOpen ? "resolved" : status;
}
function caseOf(readings) {
  const ordered = readings.toSorted((a, b) => a.at - b.at || a.row - b.row);
  const first = ordered[0];
  const openedAt = first.openedAt ?? first.at;
  const lastOpen = ordered.findLastIndex(({ status }) => status === "open");
  const facts = [];
  let rowsWithoutChange = 0;
  let standing = {
    status: "open",
    hold: null,
    priority: first.priority,
    tier: first.tier,
    offered: false,
    team: void 0,
    responded: false
  };
  ordered.forEach((reading, i) => {
    const next = standingAfter(standing, reading, statusOf(ordered, i, lastOpen));
    const change2 = changesOf(standing, next, reading);
    facts.push(...factsOf(reading.row, Math.max(reading.at, openedAt), change2));
    if (i > 0 && change2.length === 0) rowsWithoutChange += 1;
    standing = next;
  });
  const { caseId, priority: priority2, tier, attributes: attributes2 } = first;
  return {
    history: { caseId, openedAt, priority: priority2, tier, attributes: attributes2, facts },
    rowsWithoutChange,
    rowsOutOfOrder: countOutOfOrder(readings),
    rowsBeforeOpening: ordered.filter(({ at }) => at < openedAt).length,
    rowsClosedTooSoon: ordered.filter(({ status }, i) => isFinal(status) && i < lastOpen).length
  };
}

// histories/rows.ts
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { parse as parse2 } from "csv-parse/sync";
var LogFileError = class extends Error {
  name = "LogFileError";
};
var GZIP_MAGIC = 8075;
var CHUNK = 256 * 1024;
async function isGzip(file) {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.readUInt16BE() === GZIP_MAGIC;
  } finally {
    await handle.close();
  }
}
async function textOf(file) {
  const packed = await isGzip(file);
  const bytes = createReadStream(file, { highWaterMark: CHUNK });
  const text2 = packed ? pipeline(bytes, createGunzip({ chunkSize: CHUNK }), () => {
  }) : bytes;
  return text2.setEncoding("utf8");
}
var countQuotes = (text2) => text2.split('"').length - 1;
var withoutReturn = (text2) => text2.endsWith("\r") ? text2.slice(0, -1) : text2;
function quotedCells(text2, { file, line, delimiter }) {
  try {
    return parse2(text2, { delimiter })[0] ?? [];
  } catch (error) {
    const reason = error.message;
    throw new LogFileError(`${file}: line ${line}: not CSV: ${reason}`, { cause: error });
  }
}
function withoutByteOrderMark([first, ...others]) {
  return [first.replace(/^\uFEFF/, ""), ...others];
}
function placesOf(file, header, columns) {
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    const names = missing.map((column) => JSON.stringify(column)).join(", ");
    throw new LogFileError(
      `${file}: line 1: there is no column ${names}; the header has ${header.join(", ")}`
    );
  }
  const wanted = new Set(columns);
  return header.map((name, i) => wanted.has(name) && header.indexOf(name) === i ? name : void 0);
}
var RAGGED = "the row has not as many columns as the header";
var RecordReader = class {
  #file;
  #columns;
  #delimiter;
  #places;
  #number = 0;
  #line = 0;
  #rest = "";
  /** Lines of a record whose quotes are still open. */
  #open = [];
  #openSince = 0;
  #quotes = 0;
  constructor(file, { columns, delimiter = "," }) {
    this.#file = file;
    this.#columns = columns;
    this.#delimiter = delimiter;
  }
  /** The rows that end in this piece. */
  feed(piece) {
    const text2 = this.#rest + piece;
    const rows = [];
    let start = 0;
    let quote = text2.indexOf('"');
    for (let end = text2.indexOf("\n"); end !== -1; end = text2.indexOf("\n", start)) {
      this.#readLine(text2, { start, end, hasQuote: quote !== -1 && quote < end }, rows);
      start = end + 1;
      if (quote !== -1 && quote < start) quote = text2.indexOf('"', start);
    }
    this.#rest = text2.slice(start);
    return rows;
  }
  /** The row that no line end follows. */
  finish() {
    const rows = [];
    const text2 = this.#rest;
    if (text2 !== "") this.#readLine(text2, { start: 0, end: text2.length, hasQuote: text2.includes('"') }, rows);
    if (this.#open.length > 0)
      throw new LogFileError(`${this.#file}: line ${this.#openSince}: a quote is opened and never closed`);
    if (!this.#places)
      throw new LogFileError(`${this.#file} is empty; the first line of a log names its columns`);
    return rows;
  }
  #readLine(text2, { start, end, hasQuote }, rows) {
    this.#line += 1;
    if (hasQuote || this.#open.length > 0) return this.#readQuoted(text2.slice(start, end), rows);
    const stop = end > start && text2.charCodeAt(end - 1) === 13 ? end - 1 : end;
    if (stop === start) return;
    if (!this.#places) return this.#readHeader(text2.slice(start, stop).split(this.#delimiter));
    rows.push(this.#cut(text2, start, stop));
  }
  #readQuoted(line, rows) {
    if (this.#open.length === 0) this.#openSince = this.#line;
    this.#open.push(line);
    this.#quotes += countQuotes(line);
    if (this.#quotes % 2 === 1) return;
    const text2 = withoutReturn(this.#open.join("\n"));
    this.#open = [];
    this.#quotes = 0;
    const [file, delimiter] = [this.#file, this.#delimiter];
    const cells = quotedCells(text2, { file, line: this.#openSince, delimiter });
    if (!this.#places) return this.#readHeader(cells);
    rows.push(this.#pick(cells, this.#openSince));
  }
  #readHeader(cells) {
    const header = withoutByteOrderMark(cells).map((name) => name.trim());
    this.#places = placesOf(this.#file, header, this.#columns);
  }
  #pick(cells, line) {
    const places = this.#places;
    const number = this.#number += 1;
    if (cells.length !== places.length) return { number, line, cells: {}, fault: RAGGED };
    const wanted = {};
    places.forEach((column, i) => {
      if (column !== void 0) wanted[column] = cells[i].trim();
    });
    return { number, line, cells: wanted };
  }
  #cut(text2, start, stop) {
    const places = this.#places;
    const delimiter = this.#delimiter;
    const number = this.#number += 1;
    const wanted = {};
    let place = 0;
    for (let from = start; ; place += 1) {
      const next = text2.indexOf(delimiter, from);
      const to = next === -1 || next > stop ? stop : next;
      const column = places[place];
      if (column !== void 0) wanted[column] = text2.slice(from, to).trim();
      if (to === stop) break;
      from = to + 1;
    }
    if (place + 1 !== places.length) return { number, line: this.#line, cells: {}, fault: RAGGED };
    return { number, line: this.#line, cells: wanted };
  }
};
async function* rowsOf(file, shape) {
  const reader = new RecordReader(file, shape);
  try {
    for await (const piece of await textOf(file)) yield reader.feed(piece);
    yield reader.finish();
  } catch (error) {
    if (error instanceof LogFileError) throw error;
    throw new LogFileError(`${file} cannot be read: ${error.message}`, { cause: error });
  }
}

// histories/log.ts
var EXAMPLES = 3;
var PROGRESS_EVERY = 2e4;
function addSkipped({ skipped }, reason, example) {
  const known = skipped.get(reason) ?? { reason, count: 0, examples: [] };
  skipped.set(reason, known);
  known.count += 1;
  if (known.examples.length < EXAMPLES && !known.examples.includes(example)) known.examples.push(example);
}
function addReading(gathered, reading, limit2) {
  gathered.until = Math.max(gathered.until, reading.at);
  const known = gathered.cases.get(reading.caseId);
  if (known) known.push(reading);
  else if (gathered.cases.size < limit2) gathered.cases.set(reading.caseId, [reading]);
  else addSkipped(gathered, `the case is beyond the first ${limit2}`, reading.caseId);
}
async function gather(file, format, { limit: limit2, onProgress }) {
  const gathered = {
    rows: 0,
    until: Number.NEGATIVE_INFINITY,
    cases: /* @__PURE__ */ new Map(),
    skipped: /* @__PURE__ */ new Map()
  };
  for await (const rows of rowsOf(file, format))
    for (const row of rows) {
      gathered.rows += 1;
      if (gathered.rows % PROGRESS_EVERY === 0) onProgress?.(gathered.rows);
      const reading = row.fault === void 0 ? format.read(row) : { skip: row.fault, detail: "" };
      if ("skip" in reading)
        addSkipped(gathered, reading.skip, `line ${row.line}${reading.detail && `: ${reading.detail}`}`);
      else addReading(gathered, reading, limit2 ?? Number.POSITIVE_INFINITY);
    }
  onProgress?.(gathered.rows);
  return gathered;
}
var sum = (numbers) => numbers.reduce((total, one) => total + one, 0);
function notesOn(cases) {
  const note = (count, one, several) => count === 0 ? [] : [count === 1 ? `1 row ${one}` : `${count} rows ${several}`];
  return [
    ...note(
      sum(cases.map((one) => one.rowsClosedTooSoon)),
      "closes a case that is reopened later, and counts as resolved only",
      "close cases that are reopened later, and count as resolved only"
    ),
    ...note(
      sum(cases.map((one) => one.rowsOutOfOrder)),
      "is earlier than the row above it, and counts by its time",
      "are earlier than the row above them, and count by their time"
    ),
    ...note(
      sum(cases.map((one) => one.rowsBeforeOpening)),
      "is dated before its case was opened, and counts at the opening",
      "are dated before their case was opened, and count at the opening"
    )
  ];
}
function nothingRead(file, { rows, skipped }) {
  const reasons = [...skipped.values()].map(
    ({ reason, count, examples }) => `${reason} (${count}, ${examples[0]})`
  );
  const why = rows === 0 ? "it has no rows below its header" : reasons.join("; ");
  return new LogFileError(`${file} has no row that can be used: ${why}`);
}
async function readLog(file, format, options = {}) {
  const gathered = await gather(file, format, options);
  if (gathered.cases.size === 0) throw nothingRead(file, gathered);
  const cases = [...gathered.cases.values()].map(caseOf);
  const rowsSkipped = [...gathered.skipped.values()];
  const histories = cases.map(({ history }) => history);
  const from = histories.reduce((first, { openedAt }) => Math.min(first, openedAt), Number.POSITIVE_INFINITY);
  return {
    file,
    format: format.name,
    rows: gathered.rows,
    cases: cases.length,
    rowsUsed: gathered.rows - sum(rowsSkipped.map(({ count }) => count)),
    rowsWithoutChange: sum(cases.map((one) => one.rowsWithoutChange)),
    rowsSkipped,
    notes: notesOn(cases),
    histories,
    from,
    until: gathered.until
  };
}

// domain/open-hours.ts
var ALWAYS = {
  calendar: "always",
  version: "always",
  zoneData: "none",
  from: Number.MIN_SAFE_INTEGER,
  until: Number.MAX_SAFE_INTEGER,
  intervals: "always"
};
var openTimeBefore = /* @__PURE__ */ new WeakMap();
function prefixOf(intervals) {
  const known = openTimeBefore.get(intervals);
  if (known) return known;
  const sums = new Float64Array(intervals.length + 1);
  intervals.forEach(([from, to], i) => sums[i + 1] = sums[i] + (to - from));
  openTimeBefore.set(intervals, sums);
  return sums;
}
function firstEndingAfter(intervals, at) {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = low + high >> 1;
    if (intervals[middle][1] > at) high = middle;
    else low = middle + 1;
  }
  return low;
}
function openTimeUpTo(intervals, at) {
  const index = firstEndingAfter(intervals, at);
  const current = intervals[index];
  return prefixOf(intervals)[index] + (current && at > current[0] ? at - current[0] : 0);
}
function openTimeBetween(hours, from, to) {
  if (to <= from) return 0;
  if (hours.intervals === "always") return to - from;
  return openTimeUpTo(hours.intervals, to) - openTimeUpTo(hours.intervals, from);
}
function instantAfter(hours, from, amountMs) {
  if (amountMs <= 0) return from;
  if (hours.intervals === "always") return from + amountMs;
  const sums = prefixOf(hours.intervals);
  const wanted = openTimeUpTo(hours.intervals, from) + amountMs;
  let low = 0;
  let high = hours.intervals.length;
  while (low < high) {
    const middle = low + high >> 1;
    if (sums[middle + 1] >= wanted) high = middle;
    else low = middle + 1;
  }
  const interval = hours.intervals[low];
  return interval ? interval[0] + (wanted - sums[low]) : null;
}
function openAndClosedSpans(hours, from, to) {
  if (to <= from) return [];
  if (hours.intervals === "always") return [{ from, to, open: true }];
  const spans = [];
  let cursor2 = from;
  for (let i = firstEndingAfter(hours.intervals, from); i < hours.intervals.length && cursor2 < to; i += 1) {
    const [opens, closes] = hours.intervals[i];
    if (opens >= to) break;
    if (opens > cursor2) spans.push({ from: cursor2, to: opens, open: false });
    const start = Math.max(cursor2, opens);
    const end = Math.min(closes, to);
    spans.push({ from: start, to: end, open: true });
    cursor2 = end;
  }
  if (cursor2 < to) spans.push({ from: cursor2, to, open: false });
  return spans;
}

// domain/rules.ts
var DAY3 = 864e5;
var HORIZON_MS = 60 * DAY3;
function startOfDay2(at) {
  return Math.floor(at / DAY3) * DAY3;
}
function resolveRules(policy, { openedAt, now }) {
  const { calendars, examples: _examples, ...applied } = policy;
  const hours = { always: ALWAYS };
  const from = startOfDay2(openedAt) - DAY3;
  const until = startOfDay2(now) + HORIZON_MS;
  for (const [name, calendar] of Object.entries(calendars))
    hours[name] = expandCalendar(name, calendar, from, until);
  return { policy: applied, hours };
}

// domain/clock.ts
function startClock(name, cycle, at, target) {
  return {
    name,
    cycle,
    startedAt: at,
    limits: [{ from: at, targetMs: target.ms, calendar: target.calendar }],
    pauses: [],
    metAt: null,
    cancelledAt: null,
    cancelReason: null
  };
}
function isActive(clock) {
  return clock.metAt === null && clock.cancelledAt === null;
}
function clockState(clock) {
  if (clock.cancelledAt !== null) return "cancelled";
  if (clock.metAt !== null) return "met";
  return openPause(clock) ? "paused" : "running";
}
function openPause(clock) {
  const last = clock.pauses.at(-1);
  return last && last.to === null ? last : void 0;
}
function stoppedAt(clock) {
  return clock.metAt ?? clock.cancelledAt;
}
function hoursOf(hours, calendar) {
  const found = hours[calendar];
  if (!found) throw new Error(`The rules of this ticket have no calendar ${calendar}`);
  return found;
}
function knownFrom(clock) {
  return clock.folded?.until ?? clock.startedAt;
}
function unpausedTime(clock, hours, { from, to, calendar }) {
  const open2 = hoursOf(hours, calendar);
  let total = openTimeBetween(open2, from, to);
  for (const pause of clock.pauses)
    total -= openTimeBetween(open2, Math.max(pause.from, from), Math.min(pause.to ?? to, to));
  return total;
}
function spentBy(clock, hours, limit2, to) {
  const from = Math.max(limit2.from, knownFrom(clock));
  return (limit2.spentMs ?? 0) + unpausedTime(clock, hours, { from, to, calendar: limit2.calendar });
}
function instantOfAmount(clock, hours, limit2, amountMs) {
  if (limit2.reachedAt !== void 0 && amountMs === limit2.targetMs) return limit2.reachedAt;
  const open2 = hoursOf(hours, limit2.calendar);
  let remaining = amountMs - (limit2.spentMs ?? 0);
  let cursor2 = Math.max(limit2.from, knownFrom(clock));
  if (limit2.spentMs !== void 0 && (remaining < 0 || remaining === 0 && limit2.isSpent)) return cursor2;
  for (const pause of clock.pauses) {
    if (pause.to !== null && pause.to <= cursor2) continue;
    const available = openTimeBetween(open2, cursor2, pause.from);
    const at = available >= remaining ? instantAfter(open2, cursor2, remaining) : null;
    if (at !== null && at < pause.from) return at;
    remaining -= available;
    if (pause.to === null) return null;
    cursor2 = pause.to;
  }
  return instantAfter(open2, cursor2, remaining);
}
function limitInstant(clock, hours, limit2) {
  return instantOfAmount(clock, hours, limit2, limit2.targetMs);
}
function governingLimit(clock, hours) {
  if (clock.limits.length === 1) return clock.limits[0];
  const instants = clock.limits.map((limit2) => limitInstant(clock, hours, limit2) ?? Number.MAX_SAFE_INTEGER);
  return clock.limits[instants.indexOf(Math.min(...instants))];
}
function deadlineOf(clock, hours) {
  return limitInstant(clock, hours, governingLimit(clock, hours));
}
function elapsedOf(clock, hours, now) {
  return runningTime(clock, hours, {
    to: stoppedAt(clock) ?? now,
    calendar: governingLimit(clock, hours).calendar
  });
}
function runningTime(clock, hours, { to, calendar }) {
  return (clock.folded?.runningMs[calendar] ?? 0) + unpausedTime(clock, hours, { from: knownFrom(clock), to, calendar });
}
function pauseClock(clock, at, reason) {
  if (openPause(clock)) return clock;
  return { ...clock, pauses: [...clock.pauses, { from: at, to: null, reason }] };
}
function resumeClock(clock, at) {
  const pause = openPause(clock);
  if (!pause) return clock;
  const earlier = clock.pauses.slice(0, -1);
  return { ...clock, pauses: at > pause.from ? [...earlier, { ...pause, to: at }] : earlier };
}
function meetClock(clock, at) {
  return { ...resumeClock(clock, at), metAt: at };
}
function cancelClock(clock, at, reason) {
  return { ...resumeClock(clock, at), cancelledAt: at, cancelReason: reason };
}
function tightenClock(clock, at, target) {
  return {
    ...clock,
    limits: [...clock.limits, { from: at, targetMs: target.ms, calendar: target.calendar }]
  };
}
function limitFromStart(clock, { ms: targetMs, calendar }) {
  const limit2 = { from: clock.startedAt, targetMs, calendar };
  if (!clock.folded) return limit2;
  const { runningMs, reached } = clock.folded;
  const known = reached.find((one) => one.calendar === calendar && one.ms === targetMs);
  return { ...limit2, spentMs: runningMs[calendar] ?? 0, ...known && { reachedAt: known.at } };
}
function relaxClock(clock, target) {
  return { ...clock, limits: [limitFromStart(clock, target)] };
}
function foldedLimit(clock, hours, limit2, to) {
  const spentMs = spentBy(clock, hours, limit2, to);
  const reachedAt = limitInstant(clock, hours, limit2);
  const spentAt = instantOfAmount(clock, hours, limit2, spentMs);
  return {
    ...limit2,
    spentMs,
    isSpent: spentAt !== null && spentAt < to,
    ...reachedAt !== null && reachedAt < to && { reachedAt }
  };
}
function foldClock(clock, hours, { until, targets }) {
  const to = Math.min(until, stoppedAt(clock) ?? until);
  const isOver = (pause) => pause.to !== null && pause.to <= to;
  if (!clock.pauses.some(isOver)) return clock;
  const fromStart = targets.map((target) => foldedLimit(clock, hours, limitFromStart(clock, target), to));
  return {
    ...clock,
    limits: clock.limits.map((limit2) => foldedLimit(clock, hours, limit2, to)),
    pauses: clock.pauses.filter((pause) => !isOver(pause)),
    folded: {
      until: to,
      runningMs: Object.fromEntries(fromStart.map(({ calendar, spentMs }) => [calendar, spentMs])),
      reached: fromStart.flatMap(
        ({ targetMs: ms, calendar, reachedAt }) => reachedAt === void 0 ? [] : [{ ms, calendar, at: reachedAt }]
      )
    }
  };
}

// domain/events.ts
var AUTHORS = ["agent", "customer", "system"];
var VISIBILITIES = ["public", "internal"];
var CHANNELS = [
  "email",
  "web",
  "chat",
  "api",
  "phone",
  "inPerson",
  "monitoring",
  "internal"
];
function compareFoldOrder(a, b) {
  if (a.type === "opened" || b.type === "opened")
    return (a.type === "opened" ? 0 : 1) - (b.type === "opened" ? 0 : 1);
  if (a.occurredAt !== b.occurredAt) return a.occurredAt - b.occurredAt;
  const aIsFact = a.decision === void 0;
  const bIsFact = b.decision === void 0;
  if (aIsFact !== bIsFact) return aIsFact ? -1 : 1;
  if (!aIsFact && !bIsFact) return a.decision - b.decision;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

// domain/shares.ts
var DEFAULT_CALENDAR = "always";
function resolutionCalendar(situation, rules2) {
  const clock = situation.clocks.findLast(({ name }) => name === "resolution");
  return clock ? governingLimit(clock, rules2.hours).calendar : DEFAULT_CALENDAR;
}
function totalsOn({ shares, foldedShares }, rules2, { calendar, now }) {
  const hours = rules2.hours[calendar];
  const totals = { ...foldedShares?.totalsMs[calendar] };
  shares.forEach(({ from, share }, i) => {
    const to = shares[i + 1]?.from ?? now;
    if (share !== "none") totals[share] = (totals[share] ?? 0) + openTimeBetween(hours, from, to);
  });
  return totals;
}
function sharesOf(situation, rules2, now) {
  return totalsOn(situation, rules2, { calendar: resolutionCalendar(situation, rules2), now });
}
function foldShares(situation, rules2, until) {
  const calendars = targetsOf(rules2.policy.clocks.resolution).map(({ calendar }) => calendar);
  const totals = [.../* @__PURE__ */ new Set([DEFAULT_CALENDAR, ...calendars])].map((calendar) => {
    return [calendar, totalsOn(situation, rules2, { calendar, now: until })];
  });
  const { share } = situation.shares.at(-1);
  return {
    ...situation,
    shares: [{ from: until, share }],
    foldedShares: { until, totalsMs: Object.fromEntries(totals) }
  };
}

// domain/situation.ts
var STORY_TYPES = /* @__PURE__ */ new Set([
  "opened",
  "acknowledged",
  "assigned",
  "messageAdded",
  "held",
  "resumed",
  "vendorReturned",
  "prioritised",
  "handoffOffered",
  "handoffAccepted",
  "handedOff",
  "resolved",
  "reopened",
  "closed",
  "autoClosed",
  "cancelled"
]);
function isStoryEvent(event) {
  return STORY_TYPES.has(event.type);
}
var moot = (reason) => ({ moot: reason });
var ANSWERED_ON_OPENING = /* @__PURE__ */ new Set(["phone", "inPerson"]);
var NOBODY_WAITING = /* @__PURE__ */ new Set(["monitoring", "internal"]);
var PLACES_REMEMBERED = 50;
function remembered(places, left) {
  return [...places.filter((place) => place !== left), left].slice(-PLACES_REMEMBERED);
}
function openedSituation(event) {
  const { occurredAt: at, priority: priority2, tier, attributes: attributes2, rules: rules2 } = event;
  const clocks = [];
  for (const name of CLOCK_NAMES) {
    const target = rules2.policy.clocks[name].targets[priority2];
    if (!target || name === "firstResponse" && NOBODY_WAITING.has(attributes2.channel)) continue;
    const clock = startClock(name, 1, at, target);
    const answered = name === "firstResponse" && ANSWERED_ON_OPENING.has(attributes2.channel);
    clocks.push(answered ? meetClock(clock, at) : clock);
  }
  return {
    state: "open",
    openedAt: at,
    priority: priority2,
    tier,
    team: null,
    assignee: null,
    acknowledgedAt: null,
    holds: [],
    offer: null,
    clocks,
    lastCustomerMessageAt: at,
    lastPublicReplyAt: null,
    awaitsResponse: !NOBODY_WAITING.has(attributes2.channel) && !ANSWERED_ON_OPENING.has(attributes2.channel),
    firstResolvedAt: null,
    resolvedAt: null,
    resolvedPriority: null,
    closedAt: null,
    reopenCount: 0,
    handoffs: 0,
    tierReturns: 0,
    tiersLeft: [],
    teamChanges: 0,
    teamReturns: 0,
    teamsLeft: [],
    shares: [{ from: at, share: `tier${tier}` }]
  };
}
function shareOf(situation) {
  if (situation.state !== "open") return "none";
  const held = new Set(situation.holds.map(({ reason }) => reason));
  if (held.has("customer")) return "customer";
  if (held.has("vendor")) return "vendor";
  return situation.offer ? "handoff" : `tier${situation.tier}`;
}
function withShares(situation, at) {
  const share = shareOf(situation);
  const last = situation.shares.at(-1);
  if (last.share === share) return situation;
  const kept = last.from === at ? situation.shares.slice(0, -1) : situation.shares;
  if (kept.at(-1)?.share === share) return { ...situation, shares: kept };
  return { ...situation, shares: [...kept, { from: at, share }] };
}
function pauseReasonFor(clock, situation, rules2) {
  if (situation.state === "resolved") return "resolved";
  const pausing = rules2.policy.clocks[clock.name].pausedBy;
  return situation.holds.find(({ reason }) => pausing.includes(reason))?.reason ?? null;
}
function withPauses(situation, at, rules2) {
  const clocks = situation.clocks.map((clock) => {
    if (!isActive(clock)) return clock;
    const wanted = pauseReasonFor(clock, situation, rules2);
    if (openPause(clock)?.reason === wanted) return clock;
    const running = resumeClock(clock, at);
    return wanted ? pauseClock(running, at, wanted) : running;
  });
  return { ...situation, clocks };
}
function mapClocks(situation, name, change2) {
  const clocks = situation.clocks.map(
    (clock) => clock.name === name && isActive(clock) ? change2(clock) : clock
  );
  return { ...situation, clocks };
}
function withoutHolds(situation, reason) {
  return { ...situation, holds: reason ? situation.holds.filter((hold) => hold.reason !== reason) : [] };
}
function movedTo(situation, tier, team) {
  const crosses = tier !== situation.tier;
  const moved = {
    ...situation,
    tier,
    assignee: null,
    acknowledgedAt: null,
    offer: null,
    handoffs: situation.handoffs + (crosses ? 1 : 0),
    tierReturns: situation.tierReturns + (crosses && situation.tiersLeft.includes(tier) ? 1 : 0),
    tiersLeft: crosses ? remembered(situation.tiersLeft, situation.tier) : situation.tiersLeft
  };
  return withTeam(moved, team);
}
function withTeam(situation, team) {
  if (team === situation.team) return situation;
  const left = situation.team;
  return {
    ...situation,
    team,
    teamChanges: situation.teamChanges + (left !== null && team !== null ? 1 : 0),
    teamReturns: situation.teamReturns + (team !== null && situation.teamsLeft.includes(team) ? 1 : 0),
    teamsLeft: left === null ? situation.teamsLeft : remembered(situation.teamsLeft, left)
  };
}
var NOT_IN_POLICY = "notInPolicy";
function retargetedClock(clock, { from, to, at }, rules2) {
  const target = rules2.policy.clocks[clock.name].targets[to];
  const deadline = deadlineOf(clock, rules2.hours);
  if (deadline !== null && deadline < at) return clock;
  if (isMoreUrgent(to, from)) return target ? tightenClock(clock, at, target) : clock;
  return target ? relaxClock(clock, target) : cancelClock(clock, at, NOT_IN_POLICY);
}
function retargeted(situation, to, at, rules2) {
  const change2 = { from: situation.priority, to, at };
  const clocks = situation.clocks.map(
    (clock) => isActive(clock) ? retargetedClock(clock, change2, rules2) : clock
  );
  const raised = isMoreUrgent(to, situation.priority) && situation.state === "open";
  return {
    ...situation,
    priority: to,
    clocks: raised ? [...clocks, ...newlyPromised(situation, to, at, rules2)] : clocks
  };
}
function newlyPromised(situation, to, at, rules2) {
  return CLOCK_NAMES.flatMap((name) => {
    const target = rules2.policy.clocks[name].targets[to];
    const last = situation.clocks.findLast((clock) => clock.name === name);
    if (!target || last && last.cancelReason !== NOT_IN_POLICY) return [];
    if (name === "firstResponse" && !situation.awaitsResponse) return [];
    return [startClock(name, (last?.cycle ?? 0) + 1, at, target)];
  });
}
function resolvedBy(situation, at) {
  const met = mapClocks(situation, "resolution", (clock) => meetClock(clock, at));
  return {
    ...withoutHolds(met),
    state: "resolved",
    offer: null,
    firstResolvedAt: situation.firstResolvedAt ?? at,
    resolvedAt: at,
    resolvedPriority: situation.priority
  };
}
function reopenedClocks(situation, at, rules2) {
  return situation.clocks.flatMap((clock) => {
    if (clock.name !== "resolution" || clock.metAt === null || clock.metAt !== situation.resolvedAt)
      return [clock];
    if (situation.clocks.some((other) => other.name === clock.name && other.cycle > clock.cycle))
      return [clock];
    const rule = rules2.policy.clocks[clock.name];
    const target = rule.targets[situation.priority];
    if (rule.reopen === "continue" || !target) {
      const pause = { from: clock.metAt, to: at, reason: "resolved" };
      const pauses = at > pause.from ? [...clock.pauses, pause] : clock.pauses;
      const change2 = { from: situation.resolvedPriority, to: situation.priority, at };
      const continued = { ...clock, metAt: null, pauses };
      return [change2.from === change2.to ? continued : retargetedClock(continued, change2, rules2)];
    }
    const next = startClock(clock.name, clock.cycle + 1, at, target);
    if (rule.reopen === "newCycle") return [clock, next];
    return [{ ...clock, metAt: null, cancelledAt: clock.metAt, cancelReason: "restarted" }, next];
  });
}
function reopenedBy(situation, at, rules2) {
  const { priority: priority2, resolvedPriority } = situation;
  const clocks = reopenedClocks(situation, at, rules2);
  const raised = isMoreUrgent(priority2, resolvedPriority);
  return {
    ...situation,
    clocks: raised ? [...clocks, ...newlyPromised({ ...situation, clocks }, priority2, at, rules2)] : clocks,
    state: "open",
    resolvedAt: null,
    resolvedPriority: null,
    acknowledgedAt: null,
    reopenCount: situation.reopenCount + 1
  };
}
function closedBy(situation, at) {
  const resolved = situation.state === "resolved" ? situation : resolvedBy(situation, at);
  const ended = mapClocks(
    resolved,
    "firstResponse",
    (clock) => cancelClock(clock, at, "closedWithoutResponse")
  );
  return { ...ended, state: "closed", closedAt: at };
}
function cancelledBy(situation, at) {
  const clocks = situation.clocks.map(
    (clock) => isActive(clock) ? cancelClock(clock, at, "ticketCancelled") : clock
  );
  return { ...withoutHolds(situation), clocks, state: "cancelled", offer: null, closedAt: at };
}
function messageAdded(situation, event, rules2) {
  const at = event.occurredAt;
  if (event.author === "customer") {
    const answered = withoutHolds({ ...situation, lastCustomerMessageAt: at }, "customer");
    return { situation: situation.state === "resolved" ? reopenedBy(answered, at, rules2) : answered };
  }
  if (event.author !== "agent" || event.visibility !== "public") return { situation };
  const replied = mapClocks(situation, "firstResponse", (clock) => meetClock(clock, at));
  return { situation: { ...replied, lastPublicReplyAt: at, awaitsResponse: false } };
}
function wasAsked({ lastPublicReplyAt, lastCustomerMessageAt }) {
  return lastPublicReplyAt !== null && lastPublicReplyAt >= lastCustomerMessageAt;
}
function change(situation, event, rules2) {
  const at = event.occurredAt;
  const isResolved = situation.state === "resolved";
  switch (event.type) {
    case "acknowledged":
      return situation.acknowledgedAt === null ? { situation: { ...situation, acknowledgedAt: at } } : moot("already_acknowledged");
    case "assigned": {
      const assignee = event.assignee === void 0 ? situation.assignee : event.assignee;
      return { situation: withTeam({ ...situation, assignee }, event.team ?? situation.team) };
    }
    case "messageAdded":
      return messageAdded(situation, event, rules2);
    case "held":
      if (isResolved) return moot("ticket_resolved");
      if (situation.holds.some(({ reason }) => reason === event.reason)) return moot("already_on_hold");
      if (event.source === "fact" && event.reason === "customer" && !event.imported && !wasAsked(situation))
        return moot("public_question_missing");
      return {
        situation: { ...situation, holds: [...situation.holds, { reason: event.reason, since: at }] }
      };
    case "resumed":
      return situation.holds.some(({ reason }) => !event.reason || reason === event.reason) ? { situation: withoutHolds(situation, event.reason) } : moot("not_on_hold");
    case "vendorReturned":
      return situation.holds.some(({ reason }) => reason === "vendor") ? { situation: withoutHolds(situation, "vendor") } : moot("not_on_hold");
    case "prioritised":
      return event.priority === situation.priority ? moot("same_priority") : { situation: retargeted(situation, event.priority, at, rules2) };
    // Hand-offs already made stand, whatever a late fact says of the state they were made in (docs/rules.md §9).
    case "handoffOffered":
      if (!event.imported && !rules2.policy.tiers.some(({ tier }) => tier === event.toTier))
        return moot("tier_unknown");
      return {
        situation: { ...situation, offer: { toTier: event.toTier, team: event.team ?? null, since: at } }
      };
    case "handoffAccepted":
      return situation.offer ? { situation: movedTo(situation, situation.offer.toTier, situation.offer.team) } : moot("nothing_offered");
    case "handedOff":
      return { situation: movedTo(situation, event.toTier, null) };
    case "resolved":
      return isResolved ? moot("ticket_resolved") : { situation: resolvedBy(situation, at) };
    case "reopened":
      return isResolved ? { situation: reopenedBy(situation, at, rules2) } : moot("not_resolved");
    case "closed":
    case "autoClosed":
      return { situation: closedBy(situation, at) };
    case "cancelled":
      return { situation: cancelledBy(situation, at) };
  }
}
function advance(situation, event, rules2) {
  if (event.occurredAt < situation.openedAt) return moot("before_opening");
  if (situation.state === "closed" || situation.state === "cancelled") return moot("after_close");
  const step = change(situation, event, rules2);
  if ("moot" in step) return step;
  const at = event.occurredAt;
  return { situation: withShares(withPauses(step.situation, at, rules2), at) };
}

// domain/ticket.ts
var SCHEMA_VERSION = 1;
var SEEN_LIMIT = 1e3;
var SEEN_CHARACTERS = 64e3;
var STORY_LIMIT = 200;
var CYCLES_CARRIED = 10;
var stepKey = (clock, cycle, step) => `${clock}/${cycle}/${step}`;
var cycleKey = (clock, cycle) => `${clock}/${cycle}`;
function opened(id, event) {
  const situation = openedSituation(event);
  return {
    schemaVersion: SCHEMA_VERSION,
    id,
    openingId: event.id.slice("request:".length, event.id.lastIndexOf("/")),
    mode: event.mode,
    attributes: event.attributes,
    rules: event.rules,
    sequence: event.sequence,
    decisions: 1,
    baseline: { situation, at: event.occurredAt },
    story: [],
    situation,
    steps: {},
    breaches: {},
    retiredBreaches: 0,
    seen: []
  };
}
function fold(from, story, rules2) {
  return story.reduce((situation, event) => {
    const step = advance(situation, event, rules2);
    return "moot" in step ? situation : step.situation;
  }, from);
}
function slim(event) {
  const { actor: _actor, requestId: _requestId, text: _text, ...rest } = event;
  return rest;
}
function insertInFoldOrder(story, event) {
  let index = story.length;
  while (index > 0 && compareFoldOrder(event, story[index - 1]) < 0) index -= 1;
  return [...story.slice(0, index), event, ...story.slice(index)];
}
function isTooLate(ticket, occurredAt) {
  return occurredAt < ticket.baseline.at && ticket.baseline.at > ticket.situation.openedAt;
}
var AFTER_CLOSE = "after_close";
function isNewest(ticket, event) {
  const last = ticket.story.at(-1);
  return !last || compareFoldOrder(last, event) < 0;
}
function situationBefore(ticket, event) {
  if (isNewest(ticket, event)) return ticket.situation;
  const earlier = ticket.story.filter((one) => compareFoldOrder(one, event) < 0);
  return fold(ticket.baseline.situation, earlier, ticket.rules);
}
function withStory(ticket, event) {
  if (event.moot === AFTER_CLOSE) return ticket;
  if (isTooLate(ticket, event.occurredAt)) return ticket;
  const story = insertInFoldOrder(ticket.story, slim(event));
  const situation = isNewest(ticket, event) ? fold(ticket.situation, [event], ticket.rules) : fold(ticket.baseline.situation, story, ticket.rules);
  return bounded({ ...ticket, story, situation });
}
function retiredCycles({ clocks }, until) {
  const retired = clocks.filter((clock) => {
    const newer = clocks.filter(({ name, cycle }) => name === clock.name && cycle > clock.cycle);
    const stop = stoppedAt(clock);
    return newer.length >= CYCLES_CARRIED && stop !== null && stop <= until;
  });
  return { clocks: new Set(retired), keys: new Set(retired.map(({ name, cycle }) => cycleKey(name, cycle))) };
}
function withoutRetired({ steps, breaches, retiredBreaches }, { keys }) {
  const isKept = (key) => !keys.has(key);
  const cycleOf = (step) => step.split("/", 2).join("/");
  return {
    steps: Object.fromEntries(Object.entries(steps).filter(([step]) => isKept(cycleOf(step)))),
    breaches: Object.fromEntries(Object.entries(breaches).filter(([key]) => isKept(key))),
    retiredBreaches: retiredBreaches + [...keys].filter((key) => breaches[key]?.standing).length
  };
}
function bounded(ticket) {
  if (ticket.story.length <= STORY_LIMIT) return ticket;
  const { rules: rules2, baseline } = ticket;
  const older = ticket.story.slice(0, STORY_LIMIT / 2);
  const story = ticket.story.slice(STORY_LIMIT / 2);
  const at = older.at(-1).occurredAt;
  const whole = foldShares(fold(baseline.situation, older, rules2), rules2, at);
  const retired = retiredCycles(whole, at);
  const clocks = whole.clocks.filter((clock) => !retired.clocks.has(clock)).map((clock) => {
    const targets = targetsOf(rules2.policy.clocks[clock.name]);
    return foldClock(clock, rules2.hours, { until: at, targets });
  });
  const situation = { ...whole, clocks };
  return {
    ...ticket,
    ...withoutRetired(ticket, retired),
    baseline: { situation, at },
    story,
    situation: fold(situation, story, rules2)
  };
}
function withSeen(ticket, id) {
  const seen = [...ticket.seen, id].slice(-SEEN_LIMIT);
  let characters = seen.reduce((sum2, one) => sum2 + one.length, 0);
  let forgotten = 0;
  for (; characters > SEEN_CHARACTERS; forgotten += 1) characters -= seen[forgotten].length;
  return { ...ticket, seen: forgotten > 0 ? seen.slice(forgotten) : seen };
}
function withEngineBooks(ticket, event) {
  if (event.type === "stepReached" || event.type === "stepSkipped") {
    const key = stepKey(event.clock, event.cycle, event.step);
    return { ...ticket, steps: { ...ticket.steps, [key]: true } };
  }
  if (event.type === "breached" || event.type === "breachWithdrawn") {
    const { revision, deadlineAt } = event;
    const record = { revision, standing: event.type === "breached", deadlineAt };
    return { ...ticket, breaches: { ...ticket.breaches, [cycleKey(event.clock, event.cycle)]: record } };
  }
  if (event.type === "rulesExtended")
    return { ...ticket, rules: { ...ticket.rules, hours: { ...ticket.rules.hours, ...event.hours } } };
  return ticket;
}
function evolve(ticket, event, ticketId) {
  if (event.type === "opened") return opened(ticket?.id ?? ticketId ?? "", event);
  if (!ticket) throw new Error(`The ledger of ticket ${ticketId ?? "?"} does not start with its opening`);
  const counted = {
    ...ticket,
    sequence: event.sequence,
    decisions: ticket.decisions + (event.decision === void 0 ? 0 : 1)
  };
  const remembered2 = event.source === "fact" ? withSeen(counted, event.id) : counted;
  return isStoryEvent(event) ? withStory(remembered2, event) : withEngineBooks(remembered2, event);
}
function isFinal2(ticket) {
  return ticket.situation.state === "closed" || ticket.situation.state === "cancelled";
}

// domain/turn.ts
var startTurn = (ticket) => ({ ticket, events: [] });
function append(turn, draft, body) {
  const { ticket } = turn;
  const order = draft.source === "fact" ? {} : { decision: ticket.decisions };
  const event = Object.assign({}, draft, order, { sequence: ticket.sequence + 1 }, body);
  return { ticket: evolve(ticket, event), events: [...turn.events, event] };
}

// domain/escalation.ts
var HORIZON_MARGIN_MS = 7 * 864e5;
function stepDueAt(clock, hours, step) {
  const limit2 = governingLimit(clock, hours);
  const amountMs = Math.max(0, Math.floor(limit2.targetMs * step.percent / 100) + step.offsetMs);
  const at = instantOfAmount(clock, hours, limit2, amountMs);
  return at !== null && amountMs === limit2.targetMs ? at + 1 : at;
}
var schedules = /* @__PURE__ */ new WeakMap();
function scheduleOf(clock, rules2) {
  const known = schedules.get(clock);
  if (known?.rules === rules2) return known;
  const ladder = isActive(clock) ? rules2.policy.clocks[clock.name].ladder : [];
  const steps = ladder.flatMap((step) => {
    const dueAt = stepDueAt(clock, rules2.hours, step);
    return dueAt === null ? [] : [{ key: stepKey(clock.name, clock.cycle, step.id), due: { clock, step, dueAt } }];
  });
  const schedule = { rules: rules2, deadlineAt: deadlineOf(clock, rules2.hours), steps };
  schedules.set(clock, schedule);
  return schedule;
}
function openSteps(ticket) {
  if (ticket.situation.state !== "open") return [];
  const found = [];
  for (const clock of ticket.situation.clocks)
    if (isActive(clock)) {
      for (const { key, due } of scheduleOf(clock, ticket.rules).steps)
        if (!ticket.steps[key]) found.push(due);
    }
  return found;
}
function breachMilestones(ticket) {
  return ticket.situation.clocks.flatMap((clock) => {
    if (!isActive(clock) || ticket.breaches[cycleKey(clock.name, clock.cycle)]?.standing) return [];
    const { deadlineAt } = scheduleOf(clock, ticket.rules);
    return deadlineAt === null ? [] : [{ at: deadlineAt + 1, kind: "breach" }];
  });
}
function autoCloseAt(ticket) {
  const after = ticket.rules.policy.autoCloseAfterMs;
  const { state, resolvedAt } = ticket.situation;
  if (ticket.mode === "observe" || after === null || state !== "resolved" || resolvedAt === null) return null;
  return resolvedAt + after;
}
function rulesExpireAt(ticket) {
  const finite = Object.values(ticket.rules.hours).filter(({ intervals }) => intervals !== "always");
  return finite.length === 0 ? null : Math.min(...finite.map(({ until }) => until)) - HORIZON_MARGIN_MS;
}
function decisionsDue(ticket) {
  if (isFinal2(ticket)) return [];
  const found = [
    ...openSteps(ticket).map(({ dueAt }) => ({ at: dueAt, kind: "step" })),
    ...breachMilestones(ticket)
  ];
  const closes = autoCloseAt(ticket);
  if (closes !== null) found.push({ at: closes, kind: "autoClose" });
  return found;
}
function earliest(found) {
  return found.reduce((first, one) => !first || one.at < first.at ? one : first, null);
}
function nextMilestone(ticket) {
  const expires = isFinal2(ticket) ? null : rulesExpireAt(ticket);
  const expiry = expires === null ? [] : [{ at: expires, kind: "rulesExpire" }];
  return earliest([...decisionsDue(ticket), ...expiry]);
}
function nextDecision(ticket) {
  return earliest(decisionsDue(ticket));
}
function decideAt(turn, now, id, body) {
  return append(turn, { id, source: "engine", occurredAt: now, receivedAt: now }, body);
}
function settleBreach(turn, clock, now) {
  const { ticket } = turn;
  const { name, cycle } = clock;
  const record = ticket.breaches[cycleKey(name, cycle)];
  const { deadlineAt } = scheduleOf(clock, ticket.rules);
  const late = deadlineAt !== null && (stoppedAt(clock) ?? now) > deadlineAt;
  if (late && record?.standing && record.deadlineAt === deadlineAt) return turn;
  if (!late && !record?.standing) return turn;
  if (!late) return withdrawBreach(turn, clock, now);
  const revision = (record?.revision ?? 0) + 1;
  const { tier, priority: priority2 } = ticket.situation;
  return decideAt(turn, now, breachId(clock, revision), {
    type: "breached",
    clock: name,
    cycle,
    revision,
    deadlineAt,
    tier,
    priority: priority2
  });
}
var breachId = ({ name, cycle }, revision) => `clock:${cycleKey(name, cycle)}/breach/${revision}`;
function withdrawBreach(turn, { name, cycle }, now) {
  const record = turn.ticket.breaches[cycleKey(name, cycle)];
  const revision = record.revision + 1;
  return decideAt(turn, now, breachId({ name, cycle }, revision), {
    type: "breachWithdrawn",
    clock: name,
    cycle,
    revision,
    deadlineAt: record.deadlineAt
  });
}
function unmadeCycles({ breaches, situation }) {
  return Object.keys(breaches).flatMap((key) => {
    const [name, cycle] = key.split("/");
    const isThere = situation.clocks.some((clock) => clock.name === name && clock.cycle === Number(cycle));
    return isThere || !breaches[key].standing ? [] : [{ name, cycle: Number(cycle) }];
  });
}
function settleBreaches(turn, now) {
  const judged = turn.ticket.situation.clocks.reduce((soFar, clock) => settleBreach(soFar, clock, now), turn);
  return unmadeCycles(judged.ticket).reduce((soFar, cycle) => withdrawBreach(soFar, cycle, now), judged);
}
function handOffTarget(ticket, to) {
  const { tier } = ticket.situation;
  const wanted = to === "next" ? nextTier(ticket.rules.policy, tier) : to;
  return wanted !== void 0 && wanted > tier ? wanted : null;
}
var audiencesOf = (step) => [
  ...new Set(step.actions.flatMap((action) => "notify" in action ? [action.notify] : []))
];
var handOffOf = (step) => step.actions.flatMap((action) => "handOff" in action ? [action.handOff] : []).at(-1);
function reachSteps(turn, due, now) {
  const highest = due.at(-1);
  const { clock } = highest;
  const observed = turn.ticket.mode === "observe";
  const reference = ({ step }) => ({
    clock: clock.name,
    cycle: clock.cycle,
    step: step.id
  });
  const idOf = (one) => `clock:${stepKey(clock.name, clock.cycle, one.step.id)}`;
  let next = turn;
  for (const lower of due.slice(0, -1))
    next = decideAt(next, now, idOf(lower), {
      type: "stepSkipped",
      ...reference(lower),
      dueAt: lower.dueAt,
      supersededBy: highest.step.id
    });
  next = decideAt(next, now, idOf(highest), {
    type: "stepReached",
    ...reference(highest),
    dueAt: highest.dueAt,
    percent: highest.step.percent,
    observed
  });
  if (observed) return next;
  const handOff = due.map(({ step }) => handOffOf(step)).findLast((to) => to !== void 0);
  const toTier = handOff === void 0 ? null : handOffTarget(next.ticket, handOff);
  const fromTier = next.ticket.situation.tier;
  if (toTier !== null)
    next = decideAt(next, now, `${idOf(highest)}/handOff`, {
      type: "handedOff",
      ...reference(highest),
      fromTier,
      toTier,
      automatic: true
    });
  for (const audience of audiencesOf(highest.step))
    next = decideAt(next, now, `${idOf(highest)}/notify/${audience}`, {
      type: "notificationRequested",
      ...reference(highest),
      audience,
      tier: next.ticket.situation.tier
    });
  return next;
}
function overdueSteps(ticket, now) {
  const due = openSteps(ticket).filter(({ dueAt }) => dueAt <= now).toSorted((a, b) => a.dueAt - b.dueAt);
  const first = due[0];
  return first ? due.filter(({ clock }) => clock.name === first.clock.name && clock.cycle === first.clock.cycle) : [];
}
function settleAutoClose(turn, now) {
  const at = autoCloseAt(turn.ticket);
  if (at === null || at > now) return turn;
  const { resolvedAt, reopenCount } = turn.ticket.situation;
  return decideAt(turn, now, `autoClose/${reopenCount + 1}`, { type: "autoClosed", resolvedAt });
}
function settle(ticket, now) {
  let turn = settleBreaches(startTurn(ticket), now);
  if (isFinal2(ticket)) return turn;
  for (let due = overdueSteps(turn.ticket, now); due.length > 0; due = overdueSteps(turn.ticket, now))
    turn = reachSteps(turn, due, now);
  return settleAutoClose(turn, now);
}

// domain/facts.ts
var LONGEST_TEXT = 200;
var UNSTORABLE = /[\0\p{Surrogate}]/u;
function isText(value) {
  return typeof value === "string" && value.length <= LONGEST_TEXT && !UNSTORABLE.test(value);
}
var text = (value) => isText(value) ? null : `is not a text of at most ${LONGEST_TEXT} characters`;
var oneOf = (allowed) => (value) => allowed.includes(value) ? null : `is not one of ${allowed.join(", ")}`;
var optional = (check) => (value) => value === void 0 ? null : check(value);
var orNull = (check) => (value) => value === null ? null : check(value);
var wholeNumber = (value) => Number.isSafeInteger(value) ? null : "is not a whole number";
var instant = (value) => Number.isInteger(value) && value >= 0 && value <= 864e13 ? null : "is not an instant in epoch milliseconds";
var texts = (required, others = []) => (value) => {
  if (typeof value !== "object" || value === null) return `is not a set of ${required.join(" and ")}`;
  const fields = value;
  const unknown = Object.keys(fields).find((name) => !required.includes(name) && !others.includes(name));
  if (unknown !== void 0) return `has a field that is not one of ${[...required, ...others].join(", ")}`;
  const faulty = required.find((name) => !isText(fields[name])) ?? others.find((name) => fields[name] !== void 0 && !isText(fields[name]));
  return faulty ? `has no text ${faulty} of at most ${LONGEST_TEXT} characters` : null;
};
var BODIES = {
  acknowledged: {},
  assigned: { assignee: optional(orNull(text)), team: optional(orNull(text)) },
  messageAdded: { author: oneOf(AUTHORS), visibility: oneOf(VISIBILITIES) },
  held: { reason: oneOf(HOLD_REASONS) },
  resumed: { reason: optional(oneOf(HOLD_REASONS)) },
  vendorReturned: {},
  prioritised: {
    priority: oneOf(PRIORITIES2),
    impact: optional(oneOf(LEVELS2)),
    urgency: optional(oneOf(LEVELS2))
  },
  handoffOffered: { toTier: wholeNumber, team: optional(text) },
  handoffAccepted: {},
  resolved: { causeCode: optional(text) },
  reopened: {},
  closed: {},
  cancelled: {}
};
var ENVELOPE = {
  occurredAt: instant,
  actor: optional(texts(["subject", "role"], ["actingFor"])),
  text: optional(texts(["id", "digest"])),
  imported: optional((value) => value === true ? null : "is not true")
};
var CHECKS = new Map(
  Object.entries(BODIES).map(([type, body]) => [type, Object.entries({ ...ENVELOPE, ...body })])
);
function isFactId(id) {
  return isText(id) && id !== "";
}
function readFact(told2) {
  const fields = told2;
  const checks = CHECKS.get(fields["type"]);
  if (!checks) return { problem: `type is not one of ${Object.keys(BODIES).join(", ")}` };
  const fact = { id: fields["id"], type: fields["type"] };
  for (const [name, check] of checks) {
    const problem = check(fields[name]);
    if (problem !== null) return { problem: `${name} ${problem}` };
    if (fields[name] !== void 0) fact[name] = fields[name];
  }
  return { fact };
}

// domain/decide.ts
var messageEventId = (messageId, ordinal) => `request:${messageId}/${ordinal}`;
var factEventId = (factId3) => `fact:${factId3}`;
function decideOpening(opening, now) {
  const { ticketId, messageId, openedAt, actor, requestId, text: text2, imported, ...body } = opening;
  const event = {
    id: messageEventId(messageId, 0),
    sequence: 1,
    source: "request",
    occurredAt: openedAt,
    receivedAt: now,
    decision: 0,
    actor,
    ...requestId && { requestId },
    ...text2 && { text: text2 },
    ...imported && { imported },
    ...body
  };
  const opened2 = { ticket: evolve(null, event, ticketId), events: [event] };
  return andSettle(opened2, now);
}
function andSettle(turn, now) {
  const settled = settle(turn.ticket, now);
  return { ticket: settled.ticket, events: [...turn.events, ...settled.events] };
}
function mootReason(ticket, event) {
  if (isFinal2(ticket)) return AFTER_CLOSE;
  if (isTooLate(ticket, event.occurredAt)) return "too_late";
  const step = advance(
    situationBefore(ticket, event),
    event,
    ticket.rules
  );
  return "moot" in step ? step.moot : null;
}
function decideFact(ticket, told2, now) {
  if (!isFactId(told2.id)) return startTurn(ticket);
  const eventId = factEventId(told2.id);
  if (ticket.seen.includes(eventId)) return startTurn(ticket);
  const read5 = readFact(told2);
  if ("problem" in read5) {
    const rejected = { id: eventId, source: "fact", occurredAt: now, receivedAt: now };
    return append(startTurn(ticket), rejected, { type: "factRejected", problem: read5.problem });
  }
  const { id: _id, occurredAt, actor, text: text2, imported, ...body } = read5.fact;
  const draft = {
    id: eventId,
    source: "fact",
    occurredAt: Math.min(occurredAt, now),
    receivedAt: now,
    ...actor && { actor },
    ...text2 && { text: text2 },
    ...imported && { imported }
  };
  const reason = mootReason(ticket, Object.assign({ sequence: 0 }, draft, body));
  const turn = append(startTurn(ticket), reason ? { ...draft, moot: reason } : draft, body);
  return isFinal2(ticket) ? turn : andSettle(turn, now);
}

// domain/history.ts
function openingOf(history, rules2, ticketId = `history:${history.caseId}`) {
  return {
    type: "opened",
    ticketId,
    messageId: "import",
    openedAt: history.openedAt,
    actor: { subject: "import", role: "integration" },
    attributes: history.attributes,
    priority: history.priority,
    tier: history.tier ?? lowestTier(rules2.policy),
    mode: "observe",
    imported: true,
    rules: rules2
  };
}
function nextInstant(ticket, script, next) {
  const milestoneAt = nextDecision(ticket)?.at ?? Number.POSITIVE_INFINITY;
  const factAt = script.facts[next]?.occurredAt ?? Number.POSITIVE_INFINITY;
  const at = Math.min(milestoneAt, factAt);
  return at <= script.until ? at : null;
}
function playInstant(ticket, script, { at, next }) {
  let turn = settle(ticket, at);
  let events = [...turn.events];
  let index = next;
  for (; (script.facts[index]?.occurredAt ?? Number.POSITIVE_INFINITY) <= at; index += 1) {
    turn = decideFact(turn.ticket, script.facts[index], at);
    events = [...events, ...turn.events];
  }
  return { ticket: turn.ticket, events, next: index };
}
var MOST_INSTANTS = 5e3;
function lifeOf(opening, script) {
  const opened2 = decideOpening(opening, opening.openedAt);
  const events = [...opened2.events];
  let { ticket } = opened2;
  let next = 0;
  for (let instants = 0; instants < MOST_INSTANTS; instants += 1) {
    const at = nextInstant(ticket, script, next);
    if (at === null) return { ticket, events, cut: false };
    const played = playInstant(ticket, script, { at, next });
    events.push(...played.events);
    ({ ticket, next } = played);
  }
  return { ticket, events, cut: true };
}
function foldHistory(history, rules2, until) {
  const script = { facts: history.facts, until };
  let ticket = decideOpening(openingOf(history, rules2), history.openedAt).ticket;
  let next = 0;
  for (let at = nextInstant(ticket, script, next); at !== null; at = nextInstant(ticket, script, next))
    ({ ticket, next } = playInstant(ticket, script, { at, next }));
  return ticket;
}

// domain/projection.ts
function clockRow(ticket, clock) {
  const limit2 = governingLimit(clock, ticket.rules.hours);
  const verdict = ticket.breaches[cycleKey(clock.name, clock.cycle)];
  return {
    clock: clock.name,
    cycle: clock.cycle,
    state: clockState(clock),
    startedAt: clock.startedAt,
    deadlineAt: deadlineOf(clock, ticket.rules.hours),
    metAt: clock.metAt,
    breachedAt: verdict?.standing ? verdict.deadlineAt : null,
    cancelledAt: clock.cancelledAt,
    cancelReason: clock.cancelReason,
    targetMs: limit2.targetMs,
    calendar: limit2.calendar,
    pauses: clock.pauses
  };
}
function project(ticket, now) {
  const { situation, rules: rules2 } = ticket;
  const clocks = situation.clocks.map((clock) => clockRow(ticket, clock));
  const deadlines = clocks.flatMap(
    ({ state, deadlineAt }) => state === "running" && deadlineAt !== null ? [deadlineAt] : []
  );
  return {
    ticket: {
      id: ticket.id,
      state: situation.state === "open" && situation.holds.length > 0 ? "onHold" : situation.state,
      priority: situation.priority,
      tier: situation.tier,
      team: situation.team,
      assignee: situation.assignee,
      acknowledgedAt: situation.acknowledgedAt,
      holds: situation.holds.map(({ reason, since }) => ({ reason, since })),
      openedAt: situation.openedAt,
      resolvedAt: situation.resolvedAt,
      closedAt: situation.closedAt,
      reopenCount: situation.reopenCount,
      handoffs: situation.handoffs,
      tierReturns: situation.tierReturns,
      policy: rules2.policy.name,
      policyVersion: rules2.policy.version,
      mode: ticket.mode,
      nextDeadlineAt: deadlines.length > 0 ? Math.min(...deadlines) : null,
      nextMilestoneAt: nextMilestone(ticket)?.at ?? null,
      breached: ticket.retiredBreaches > 0 || clocks.some(({ breachedAt }) => breachedAt !== null),
      shares: sharesOf(situation, rules2, now),
      sharesAt: now,
      attributes: ticket.attributes
    },
    clocks
  };
}

// histories/verdict.ts
var clockVerdict = ({
  clock,
  cycle,
  startedAt,
  deadlineAt,
  metAt,
  breachedAt,
  cancelledAt,
  state
}) => ({
  clock,
  cycle,
  startedAt,
  deadlineAt,
  metAt,
  breachedAt,
  cancelledAt,
  state
});
function verdictOf(ticket, until) {
  const { ticket: row, clocks } = project(ticket, until);
  const { state, priority: priority2, tier, handoffs, tierReturns, reopenCount, shares } = row;
  return {
    caseId: row.attributes.external?.id ?? row.id,
    state,
    priority: priority2,
    tier,
    handoffs,
    tierReturns,
    reopenCount,
    shares,
    clocks: clocks.map(clockVerdict)
  };
}

// histories/report.ts
function rulesOver(policy, { from, until }) {
  return resolveRules(policy, { openedAt: from, now: until });
}
function foldLog({ histories, until }, rules2, onProgress = () => {
}) {
  return histories.map((history, i) => {
    onProgress(i);
    return verdictOf(foldHistory(history, rules2, until), until);
  });
}

// api/schemas/policy.ts
import { readdir, readFile as readFile2 } from "node:fs/promises";
import { join } from "node:path";
import { z as z6 } from "zod";

// domain/explain.ts
function explainClock(clock, hours, now) {
  const end = stoppedAt(clock) ?? now;
  const { calendar } = governingLimit(clock, hours);
  const open2 = hours[calendar];
  const spans = [];
  if (clock.folded)
    spans.push({
      from: clock.startedAt,
      to: clock.folded.until,
      kind: "folded",
      runningMs: clock.folded.runningMs[calendar] ?? 0
    });
  const between = (from, to) => {
    for (const span of openAndClosedSpans(open2, from, to))
      spans.push({ from: span.from, to: span.to, kind: span.open ? "running" : "closed" });
  };
  let cursor2 = knownFrom(clock);
  for (const pause of clock.pauses) {
    const from = Math.max(pause.from, cursor2);
    const to = Math.min(pause.to ?? end, end);
    between(cursor2, Math.min(from, end));
    if (to > from) spans.push({ from, to, kind: "paused", reason: pause.reason });
    cursor2 = Math.max(cursor2, to);
  }
  between(cursor2, end);
  return spans;
}

// domain/examples.ts
var CLOCK_STATES = ["running", "paused", "met", "cancelled"];
var STATES3 = ["open", "onHold", "resolved", "closed", "cancelled"];
function examplesOf({ examples = [] }) {
  return examples;
}
var factId2 = (place) => `e${String(place).padStart(4, "0")}`;
var endOf = ({ openedAt, events, until }) => until ?? events.reduce((latest, { at }) => Math.max(latest, at), openedAt);
function playExample(policy, rules2, example) {
  const { openedAt, attributes: attributes2, events } = example;
  const until = endOf(example);
  const facts = events.map(({ at, ...body }, i) => ({ ...body, id: factId2(i), occurredAt: at }));
  return lifeOf(
    {
      type: "opened",
      ticketId: "example",
      messageId: "example",
      openedAt,
      actor: { subject: "example", role: "integration" },
      attributes: attributes2,
      priority: example.priority ?? priorityOf(policy, attributes2.impact, attributes2.urgency),
      tier: example.tier ?? lowestTier(policy),
      mode: "act",
      rules: rules2
    },
    { facts: facts.toSorted((a, b) => a.occurredAt - b.occurredAt), until }
  );
}
var MINUTE2 = 6e4;
function writtenDuration(ms) {
  const units = [
    [60 * MINUTE2, "h"],
    [MINUTE2, "m"],
    [1e3, "s"],
    [1, "ms"]
  ];
  let left = Math.abs(ms);
  const parts = units.flatMap(([size, unit]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count > 0 ? [`${count}${unit}`] : [];
  });
  return `${ms < 0 ? "-" : ""}${parts.join("") || "0s"}`;
}
function written(field, value) {
  if (value === null || value === void 0) return "none";
  if (field.endsWith("At") && typeof value === "number") return new Date(value).toISOString();
  return field === "elapsed" && typeof value === "number" ? writtenDuration(value) : String(value);
}
function fail({ example, failures, ineffective }, path, found) {
  const { what, expected, got } = found;
  const message = `example "${example.name}": ${what} is expected to be ${expected}, and is ${got}${ineffective}`;
  const { why, ...plain } = found;
  failures.push({ example: example.name, path, ...plain, message, ...why && { why } });
}
function cyclesOf({ ticket }, until) {
  const { hours } = ticket.rules;
  const { clocks } = project(ticket, until);
  return clocks.map((row, i) => {
    const clock = ticket.situation.clocks[i];
    const { state, startedAt, deadlineAt, metAt, breachedAt, cancelledAt } = row;
    return {
      row,
      figures: {
        state,
        startedAt,
        deadlineAt,
        metAt,
        breachedAt,
        cancelledAt,
        breached: breachedAt !== null,
        elapsed: elapsedOf(clock, hours, until)
      },
      why: {
        clock: row.clock,
        cycle: row.cycle,
        calendar: row.calendar,
        // Up to the deadline: what lies before it is what puts it there.
        spans: explainClock(clock, hours, Math.max(until, deadlineAt ?? until))
      }
    };
  });
}
function compareCycle(comparison, path, { name, expected, found }) {
  const called = found && found.row.cycle > 1 ? `${name} ${found.row.cycle}` : name;
  if (!found) {
    const cycle = expected.cycle === void 0 ? "" : ` with cycle ${expected.cycle}`;
    return fail(comparison, path, { what: name, expected: `a clock${cycle}`, got: "none" });
  }
  for (const [field, value] of Object.entries(expected)) {
    if (field === "cycle") continue;
    const got = found.figures[field];
    if (got !== value)
      fail(comparison, [...path, field], {
        what: `${called} ${field}`,
        expected: written(field, value),
        got: written(field, got),
        why: found.why
      });
  }
}
function compareClock(comparison, name, { expected, cycles }) {
  const path = ["expect", "clocks", name];
  const known = cycles.filter(({ row }) => row.clock === name);
  if (!isList(expected)) {
    const { cycle } = expected;
    const found = cycle === void 0 ? known.at(-1) : known.find(({ row }) => row.cycle === cycle);
    return compareCycle(comparison, path, { name, expected, found });
  }
  if (expected.length !== known.length)
    return fail(comparison, path, {
      what: name,
      expected: `${expected.length} cycles`,
      got: `${known.length}`,
      ...known.at(-1) && { why: known.at(-1).why }
    });
  expected.forEach(
    (one, i) => compareCycle(comparison, [...path, i], { name, expected: one, found: known[i] })
  );
}
var isList = (expected) => Array.isArray(expected);
function stepsReached({ events }) {
  return events.filter((event) => event.type === "stepReached");
}
var stepName = ({ clock, step }) => `${clock}/${step}`;
function compareSteps(comparison, expected, life) {
  const reached = stepsReached(life);
  const listed = (steps) => steps.length === 0 ? "none" : steps.map(stepName).join(", ");
  const fits = ({ cycle, clock, step }, got) => got !== void 0 && got.clock === clock && got.step === step && (cycle === void 0 || got.cycle === cycle);
  if (reached.length !== expected.length || expected.some((step, i) => !fits(step, reached[i])))
    return fail(comparison, ["expect", "steps"], {
      what: "steps",
      expected: listed(expected),
      got: listed(reached)
    });
  expected.forEach(({ at, ...step }, i) => {
    if (at !== void 0 && at !== reached[i].dueAt)
      fail(comparison, ["expect", "steps", i, "at"], {
        what: stepName(step),
        expected: written("At", at),
        got: written("At", reached[i].dueAt)
      });
  });
}
function ineffectiveIn({ events }) {
  const moot2 = events.filter((event) => event.moot !== void 0);
  if (moot2.length === 0) return "";
  const told2 = moot2.map(
    ({ type, occurredAt, moot: reason }) => `${type} at ${written("At", occurredAt)} (${reason})`
  );
  return `; without effect: ${told2.join(", ")}`;
}
function failuresOf(policy, rules2, example) {
  const life = playExample(policy, rules2, example);
  const until = endOf(example);
  const comparison = { example, failures: [], ineffective: ineffectiveIn(life) };
  const { clocks = {}, steps, tier, priority: priority2, state } = example.expect;
  const { ticket } = project(life.ticket, until);
  const cycles = cyclesOf(life, until);
  for (const [name, expected] of Object.entries(clocks))
    if (expected) compareClock(comparison, name, { expected, cycles });
  if (steps) compareSteps(comparison, steps, life);
  for (const [field, value] of Object.entries({ tier, priority: priority2, state })) {
    const got = ticket[field];
    if (value !== void 0 && value !== got)
      fail(comparison, ["expect", field], { what: field, expected: String(value), got: String(got) });
  }
  if (life.cut) fail(comparison, ["until"], { what: "the story", expected: "short", got: "endless" });
  return comparison.failures;
}
var HORIZON_MS2 = 60 * 1440 * MINUTE2;
function rulesForAll(policy) {
  const examples = examplesOf(policy);
  const openedAt = Math.min(...examples.map((example) => example.openedAt));
  const now = Math.max(...examples.map(endOf));
  if (now - openedAt > examples.length * HORIZON_MS2)
    return (example) => resolveRules(policy, { openedAt: example.openedAt, now: endOf(example) });
  const shared = resolveRules(policy, { openedAt, now });
  return () => shared;
}
function runExamples(policy) {
  if (examplesOf(policy).length === 0) return [];
  const rulesOf = rulesForAll(policy);
  return examplesOf(policy).flatMap(
    (example, i) => failuresOf(policy, rulesOf(example), example).map((failure) => ({
      ...failure,
      path: ["examples", i, ...failure.path]
    }))
  );
}

// api/schemas/calendar.ts
import { z as z2 } from "zod";

// api/schemas/issues.ts
function fault(context, code, message, path = []) {
  context.addIssue({ code: "custom", message, path, params: { code } });
}
function pointerOf(path) {
  return path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
var KINDS = {
  object: "a set of fields",
  record: "a set of fields",
  array: "a list",
  tuple: "a pair",
  string: "text",
  int: "a whole number",
  number: "a number"
};
var kindOf = (expected) => KINDS[expected] ?? expected;
function valueAt(value, path) {
  return path.reduce(
    (part, key) => part?.[key],
    value
  );
}
function isOfOtherKind(issue) {
  if (issue.path.length > 0) return false;
  if (issue.code === "invalid_union") return issue.errors.every((issues) => issues.some(isOfOtherKind));
  return issue.code === "invalid_type" || issue.code === "invalid_value";
}
function meantAlternative(errors) {
  return errors.find((issues) => !issues.some(isOfOtherKind));
}
function expectedBy(issue) {
  if (issue.code === "invalid_union" && "options" in issue) return issue.options?.map(String) ?? [];
  if (issue.code === "invalid_union") return issue.errors.flat().flatMap(expectedBy);
  if (issue.code === "invalid_type") return [kindOf(issue.expected)];
  return issue.code === "invalid_value" ? issue.values.map(String) : [];
}
function nameOf(path, judged) {
  const last = path.at(-1);
  if (last === void 0) return judged.called;
  return typeof last === "number" ? `${nameOf(path.slice(0, -1), judged)}[${last}]` : String(last);
}
var SHOWN_CHARACTERS = 60;
function asWritten(found) {
  if (Array.isArray(found)) return "a list";
  if (typeof found === "object" && found !== null) return "a set of fields";
  const text2 = String(found);
  return text2.length > SHOWN_CHARACTERS ? `${text2.slice(0, SHOWN_CHARACTERS)}\u2026` : text2;
}
function misfit(issue, path, judged) {
  const name = nameOf(path, judged);
  const found = valueAt(judged.value, path);
  if (found === void 0) return { path, code: "missing", message: `${name} is missing` };
  if (issue.code === "invalid_value" || issue.code === "invalid_union" && "options" in issue)
    return {
      path,
      code: "value_unknown",
      message: `${asWritten(found)} is not one of ${expectedBy(issue).join(", ")}`
    };
  return { path, code: "wrong_kind", message: `${name} must be ${expectedBy(issue).join(" or ")}` };
}
function told(issue, around, judged) {
  const path = [...around, ...issue.path];
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const message = `${key} is not a field of ${nameOf(path, judged)}`;
      return { path: [...path, key], code: "unknown_key", message };
    });
  if (issue.code === "invalid_union") {
    const meant = meantAlternative(issue.errors);
    return meant ? meant.flatMap((one) => told(one, path, judged)) : [misfit(issue, path, judged)];
  }
  if (issue.code === "invalid_type" || issue.code === "invalid_value") return [misfit(issue, path, judged)];
  const code = issue.code === "custom" ? String(issue.params?.["code"] ?? "value_invalid") : "value_invalid";
  return [{ path, code, message: issue.message }];
}
function issuesOf(error, judged) {
  return error.issues.flatMap((issue) => told(issue, [], judged));
}

// api/schemas/calendar.ts
var windowsSchema = z2.array(z2.tuple([z2.string(), z2.string()]));
var HOURS = Object.fromEntries(WEEKDAYS.map((day) => [day, windowsSchema.exactOptional()]));
var calendarSchema = z2.strictObject({
  timezone: z2.string(),
  hours: z2.strictObject(HOURS),
  holidays: z2.array(z2.string()).default([]),
  exceptions: z2.record(z2.string(), windowsSchema).default({})
}).superRefine((calendar, context) => {
  for (const { severity, pointer, code, message } of checkCalendar(calendar))
    if (severity === "error") fault(context, code, message, pointer.split("/").slice(1));
});

// api/schemas/policy-examples.ts
import { z as z5 } from "zod";

// api/schemas/common.ts
import { extendZodWithOpenApi } from "@asteasolutions/zod-to-openapi";
import { z as z3 } from "zod";

// api/schemas/examples.ts
var TICKET_ID = "tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e4f";
var SELF = `/v1/tickets/${TICKET_ID}`;
var DIGEST = "b94f6f125c79e3a5ffaa826f584c10d52ada669e6762051b826b55776d05aed2";
var POLICY = { name: "standard", version: 3 };
var described = {
  type: "incident",
  impact: "high",
  urgency: "medium",
  channel: "email",
  customer: "acme",
  service: "vpn",
  category: "network",
  external: { system: "zendesk", id: "1042", url: "https://example.com/tickets/1042" }
};
var words = {
  subject: "VPN drops every ten minutes",
  description: "Since this morning, for everybody at the branch.",
  requester: { id: "customer-204", language: "en", timezone: "Europe/Berlin" }
};
var OPEN_TICKET_EXAMPLE = { ...described, ...words, affectedUsers: 40 };
var TICKET_EXAMPLE = {
  id: TICKET_ID,
  state: "open",
  priority: "P2",
  tier: 1,
  team: "network",
  assignee: "agent-17",
  ...words,
  ...described,
  attributes: { affectedUsers: 40 },
  openedAt: "2026-01-30T09:00:00.000Z",
  acknowledgedAt: "2026-01-30T09:04:12.318Z",
  resolvedAt: null,
  closedAt: null,
  holds: [],
  reopenCount: 0,
  handoffs: 0,
  tierReturns: 0,
  policy: POLICY,
  mode: "act",
  breached: false,
  nextDeadlineAt: "2026-01-30T10:00:00.000Z",
  timeByOwner: { tier1: 252.318 },
  timeByOwnerAt: "2026-01-30T09:04:12.318Z",
  sequence: 3,
  asOf: "2026-01-30T09:04:12.331Z",
  links: { self: SELF, timeline: `${SELF}/timeline`, clocks: `${SELF}/clocks` }
};
var TIMELINE_EXAMPLE = {
  ticketId: TICKET_ID,
  data: [
    {
      sequence: 1,
      id: "request:1c7f6a52-4d0e-4b57-8f6c-f4f5c6f0a9d3/0",
      type: "opened",
      source: "request",
      occurredAt: "2026-01-30T09:00:00.000Z",
      receivedAt: "2026-01-30T09:00:00.121Z",
      actor: { subject: "key:8f1c2ab7905d3e64", role: "integration" },
      requestId: "4c1a7d0e-2f64-4b7f-9a35-6a1f0c8f7d21",
      text: { body: words, digest: DIGEST, erasedAt: null },
      data: { attributes: { ...described, affectedUsers: 40 }, priority: "P2", tier: 1, mode: "act" }
    },
    {
      sequence: 2,
      id: "fact:zendesk:audit:8842",
      type: "assigned",
      source: "fact",
      occurredAt: "2026-01-30T09:02:02.000Z",
      receivedAt: "2026-01-30T09:02:04.770Z",
      actor: { subject: "key:8f1c2ab7905d3e64", role: "integration", actingFor: "agent-12" },
      data: { assignee: "agent-17", team: "network" }
    }
  ],
  page: { hasMore: true, nextCursor: "eyJtYXJrIjoyLCJmaWx0ZXJzIjoiSjhsWGZ2bjBoVlJhIn0" },
  sequence: 3,
  asOf: "2026-01-30T09:04:12.331Z"
};
var FACTS_EXAMPLE = {
  events: [
    {
      type: "messageAdded",
      id: "zendesk:comment:8841",
      occurredAt: "2026-01-30T09:12:30Z",
      actor: "customer-204",
      author: "customer",
      visibility: "public",
      text: "It has started again."
    },
    { type: "assigned", id: "zendesk:audit:8842", occurredAt: "2026-01-30T09:13:02Z", assignee: "agent-17" }
  ]
};
var FACTS_ANSWER_EXAMPLE = {
  accepted: ["zendesk:comment:8841", "zendesk:audit:8842"],
  duplicates: [],
  spooled: false
};
var PROBLEM_EXAMPLE = {
  type: "/docs/problems#ticket_closed",
  title: "Conflict with how things stand",
  status: 409,
  detail: `Ticket ${TICKET_ID} is closed; it cannot be changed`,
  code: "ticket_closed",
  instance: "/v1/tickets/zendesk:1042/resolve",
  requestId: "4c1a7d0e-2f64-4b7f-9a35-6a1f0c8f7d21",
  state: "closed"
};

// api/schemas/common.ts
extendZodWithOpenApi(z3);
var instant2 = z3.iso.datetime({ offset: true, error: "must be an RFC 3339 time with an offset, such as 2026-01-31T09:00:00Z" }).openapi({ format: "date-time", example: "2026-01-31T09:00:00Z" });
var instantMs = instant2.refine((text2) => !(Date.parse(text2) < 0), { error: "must be in 1970 or later" }).transform((text2) => Date.parse(text2));
var seconds = z3.number().openapi({ description: "Seconds, exact to the millisecond" });
var priority = z3.enum(PRIORITIES2);
var level = z3.enum(LEVELS2);
var holdReason = z3.enum(HOLD_REASONS);
var word = z3.string().trim().min(1).max(200);
var freeText = z3.string().min(1).max(2e4);
var tierNumber = z3.int().min(1).max(9);
var actingFor = word.optional().openapi({ description: "Whom the caller acts for, e.g. an agent" });
var markedInstant = z3.int().min(0).max(Date.parse("9999-12-31T23:59:59.999Z"));
var markedId = z3.string().max(500).regex(/^[^\0]*$/);
var markedCount = z3.int().min(0).max(2147483647);
var cursor = z3.string().max(500).optional().openapi({ description: "`page.nextCursor` of the page before" });
var limit = z3.coerce.number().int().min(1).max(200).default(50).openapi({ type: "integer", minimum: 1, maximum: 200, default: 50 });
var page = z3.object({ hasMore: z3.boolean(), nextCursor: z3.string().nullable() }).openapi("Page", { description: "Send `nextCursor` as `cursor` for the next page" });
var fault2 = z3.object({
  pointer: z3.string().optional().openapi({ description: "JSON pointer (RFC 6901) into the body" }),
  parameter: z3.string().optional().openapi({ description: "Name of the query parameter or header" }),
  code: z3.string().openapi({ description: "Stable" }),
  message: z3.string()
});
var problemSchema = z3.object({
  type: z3.string().openapi({ description: "Where the code is explained" }),
  title: z3.string(),
  status: z3.int(),
  detail: z3.string(),
  code: z3.string().openapi({ description: "Stable; all of them are listed at /docs/problems" }),
  instance: z3.string().openapi({ description: "What was asked for" }),
  requestId: z3.string().openapi({ description: "As in X-Request-Id; names the request in the logs" }),
  state: z3.string().optional().openapi({ description: "The state the ticket is in, where that is the reason" }),
  ticketId: z3.string().optional().openapi({ description: "The other ticket, where there is one" }),
  errors: z3.array(fault2).optional().openapi({ description: "Everything wrong with the request, at most 50" })
}).openapi("Problem", {
  description: "RFC 9457",
  example: PROBLEM_EXAMPLE
});

// api/schemas/facts.ts
import { z as z4 } from "zod";
var base = {
  id: word.openapi({ description: "The sender's own id of the fact; the same id counts once" }),
  occurredAt: instantMs.openapi({ description: "When it happened, not when it is sent" }),
  actor: word.optional().openapi({ description: "Who did it there" })
};
var comment = freeText.optional();
var factBody = z4.discriminatedUnion("type", [
  z4.strictObject({ type: z4.literal("acknowledged"), ...base, comment }),
  z4.strictObject({
    type: z4.literal("assigned"),
    ...base,
    assignee: word.nullable().optional(),
    team: word.nullable().optional(),
    comment
  }),
  z4.strictObject({
    type: z4.literal("messageAdded"),
    ...base,
    author: z4.enum(AUTHORS),
    visibility: z4.enum(VISIBILITIES),
    text: freeText.optional()
  }),
  z4.strictObject({ type: z4.literal("held"), ...base, reason: holdReason, comment }),
  z4.strictObject({ type: z4.literal("resumed"), ...base, reason: holdReason.optional(), comment }),
  z4.strictObject({ type: z4.literal("vendorReturned"), ...base, comment }),
  z4.strictObject({ type: z4.literal("prioritised"), ...base, priority, comment }),
  z4.strictObject({
    type: z4.literal("handoffOffered"),
    ...base,
    toTier: tierNumber,
    team: word.optional(),
    comment
  }),
  z4.strictObject({ type: z4.literal("handoffAccepted"), ...base, comment }),
  z4.strictObject({ type: z4.literal("resolved"), ...base, causeCode: word.optional(), comment }),
  z4.strictObject({ type: z4.literal("reopened"), ...base, comment }),
  z4.strictObject({ type: z4.literal("closed"), ...base, comment }),
  z4.strictObject({ type: z4.literal("cancelled"), ...base, comment })
]).openapi("Fact");
var factsBody = z4.strictObject({ events: z4.array(factBody).min(1).max(100) }).openapi("Facts", { example: FACTS_EXAMPLE });
var factsAnswer = z4.object({
  accepted: z4.array(z4.string()).openapi({ description: "Ids taken in" }),
  duplicates: z4.array(z4.string()).openapi({ description: "Ids that were known, or came before in the same batch" }),
  spooled: z4.boolean().openapi({ description: "Kept until the workflow engine is back" })
}).openapi("FactsAnswer", { example: FACTS_ANSWER_EXAMPLE });

// api/schemas/policy-examples.ts
var TO_THE_MINUTE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(Z|[+-]\d\d:\d\d)$/;
var CLOCK = /^[A-Za-z][A-Za-z0-9-]{0,62}$/;
var STEP = /^([A-Za-z][A-Za-z0-9-]*)\/([a-z0-9][a-z0-9.-]*)$/;
var writtenInstant = z5.string().transform((text2, context) => {
  const read5 = instantMs.safeParse(text2.replace(TO_THE_MINUTE, "$1:00$2"));
  if (read5.success) return read5.data;
  fault(
    context,
    "instant_malformed",
    `${text2.slice(0, 60)} is not a time with an offset, such as 2026-01-30T16:00+01:00`
  );
  return z5.NEVER;
});
function eventSchema2() {
  const told2 = { id: true, occurredAt: true, actor: true, comment: true, text: true };
  const options = factBody.options.map((option) => {
    const shape = option.shape;
    const kept = Object.entries(shape).filter(([name]) => !(name in told2));
    return z5.strictObject({ at: writtenInstant, ...Object.fromEntries(kept) });
  });
  return z5.discriminatedUnion("type", options);
}
var clockName = z5.string().regex(CLOCK, "a clock is named as in the policy");
var clockExpectation = (duration) => z5.strictObject({
  cycle: z5.int().min(1).exactOptional(),
  state: z5.enum(CLOCK_STATES).exactOptional(),
  breached: z5.boolean().exactOptional(),
  startedAt: writtenInstant.exactOptional(),
  deadlineAt: writtenInstant.nullable().exactOptional(),
  metAt: writtenInstant.nullable().exactOptional(),
  breachedAt: writtenInstant.nullable().exactOptional(),
  cancelledAt: writtenInstant.nullable().exactOptional(),
  elapsed: duration.exactOptional()
});
var stepExpectation = z5.union([
  z5.string().regex(STEP, "a step is written clock/step, such as resolution/breach").transform((text2) => {
    const [, clock, step] = STEP.exec(text2);
    return { clock, step };
  }),
  z5.strictObject({
    clock: clockName,
    step: word,
    cycle: z5.int().min(1).exactOptional(),
    at: writtenInstant.exactOptional()
  })
]);
var expectSchema = (duration) => {
  const one = clockExpectation(duration);
  return z5.strictObject({
    clocks: z5.record(clockName, z5.union([one, z5.array(one)])).exactOptional(),
    steps: z5.array(stepExpectation).exactOptional(),
    tier: tierNumber.exactOptional(),
    priority: priority.exactOptional(),
    state: z5.enum(STATES3).exactOptional()
  });
};
var attributes = {
  type: word.default("incident"),
  channel: z5.enum(CHANNELS).default("email"),
  impact: level.exactOptional(),
  urgency: level.exactOptional(),
  customer: word.exactOptional(),
  contract: word.exactOptional(),
  service: word.exactOptional(),
  configurationItem: word.exactOptional(),
  site: word.exactOptional(),
  category: word.exactOptional()
};
var MOST_EXAMPLES = 100;
var MOST_EVENTS = 200;
function exampleSchema(duration) {
  return z5.strictObject({
    name: word,
    opened: writtenInstant,
    priority: priority.exactOptional(),
    tier: tierNumber.exactOptional(),
    ...attributes,
    events: z5.array(eventSchema2()).max(MOST_EVENTS).default([]),
    until: writtenInstant.exactOptional(),
    expect: expectSchema(duration)
  }).superRefine((example, context) => {
    const { opened: opened2, until = Number.POSITIVE_INFINITY, events, impact, urgency } = example;
    if (example.priority === void 0 && (impact === void 0 || urgency === void 0))
      fault(context, "priority_missing", "say the priority, or impact and urgency");
    if (until < opened2) fault(context, "until_too_early", "until lies before opened", ["until"]);
    events.forEach(({ at }, i) => {
      if (at < opened2) fault(context, "before_opening", "the event lies before opened", ["events", i]);
      if (at > until) fault(context, "after_until", "the event lies after until", ["events", i]);
    });
  }).transform(({ opened: opened2, priority: given, tier, events, until, expect, name, ...rest }) => {
    const { impact = "medium", urgency = "medium", ...others } = rest;
    return {
      name,
      openedAt: opened2,
      ...given !== void 0 && { priority: given },
      ...tier !== void 0 && { tier },
      attributes: { ...others, impact, urgency },
      events,
      ...until !== void 0 && { until },
      expect
    };
  });
}
function examplesSchema(duration) {
  return z5.array(exampleSchema(duration)).max(MOST_EXAMPLES).superRefine((examples, context) => {
    const names = examples.map((example) => example?.name);
    names.forEach((name, i) => {
      if (name !== void 0 && names.indexOf(name) < i)
        fault(context, "example_repeated", `there is an example ${name} already`, [i, "name"]);
    });
  });
}

// api/schemas/policy-file.ts
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
var PolicyFileError = class extends Error {
  name = "PolicyFileError";
  findings;
  constructor(findings) {
    super(findings.map(describe).join("\n"));
    this.findings = findings;
  }
};
function describe({ file, line, column, pointer, message }) {
  return `${file}:${line}:${column} ${pointer ? `${pointer}: ` : ""}${message}`;
}
function childOf(parent, key) {
  if (isSeq(parent)) {
    const item = parent.items[Number(key)];
    return { named: item, value: item };
  }
  if (!isMap(parent)) return { named: void 0, value: void 0 };
  const pair = parent.items.find((one) => isScalar(one.key) && String(one.key.value) === String(key));
  return { named: pair?.key, value: pair?.value ?? void 0 };
}
function offsetOf(document, path) {
  let offset = document.contents?.range?.[0] ?? 0;
  let node = document.contents ?? void 0;
  for (const key of path) {
    const { named, value } = childOf(
      (isAlias(node) ? node.resolve(document) : node) ?? document.createNode(null),
      key
    );
    if (!named?.range) break;
    offset = named.range[0];
    node = value;
  }
  return offset;
}
function readPolicyFile(file, text2) {
  const lines = new LineCounter();
  const document = parseDocument(text2, { lineCounter: lines });
  const placed = (offset, { path, code, message }) => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, pointer: pointerOf(path), code, message };
  };
  const findings = document.errors.map(
    ({ message, pos }) => (
      // The first line of a YAML error says it all; the rest draws the place, which we name.
      placed(pos[0], { path: [], code: "yaml_malformed", message: message.split(/ at line \d+/)[0] })
    )
  );
  return {
    file,
    value: findings.length === 0 ? document.toJS() : void 0,
    findings,
    locate: (issue) => placed(offsetOf(document, issue.path), issue)
  };
}

// api/schemas/policy.ts
var ALWAYS_CALENDAR = "always";
var DURATION = /^(?=\d)(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?$/;
function parseDuration(text2) {
  const match = DURATION.exec(text2);
  if (!match) return null;
  const [days, hours, minutes, seconds2] = match.slice(1).map((digits) => Number(digits ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds2) * 1e3;
}
var wordSchema = z6.union([z6.string(), z6.number()]).transform(String);
var durationSchema = wordSchema.transform((text2, context) => {
  const ms = parseDuration(text2);
  if (ms !== null) return ms;
  fault(context, "duration_malformed", `${text2} is not a duration such as 20s, 15m, 1h30m or 5d`);
  return z6.NEVER;
});
var beside = { when: ({ value }) => typeof value === "object" && value !== null };
function mapped(keys, schemaOf) {
  return Object.fromEntries(keys.map((key) => [key, schemaOf(key)]));
}
var RESERVED = `the calendar ${ALWAYS_CALENDAR} is built in and cannot be redefined`;
var calendarsSchema = z6.record(z6.string(), calendarSchema).superRefine((calendars, context) => {
  if (ALWAYS_CALENDAR in calendars) fault(context, "calendar_reserved", RESERVED, [ALWAYS_CALENDAR]);
}, beside);
function calendarName(known) {
  return z6.string().superRefine((name, context) => {
    if (!known.calendars.has(name))
      fault(
        context,
        "calendar_unknown",
        `there is no calendar ${name}; known are ${[...known.calendars].join(", ")}`
      );
  });
}
function targetSchema(known) {
  return z6.union([
    durationSchema.transform((target) => ({ target, calendar: null })),
    z6.strictObject({ target: durationSchema, calendar: calendarName(known) })
  ]);
}
function actionSchema(known) {
  const tier = z6.union([z6.literal("next"), z6.int()]).superRefine((to, context) => {
    if (typeof to === "number" && !known.tiers.has(to))
      fault(context, "tier_unknown", `there is no tier ${to}; known are ${[...known.tiers].join(", ")}`);
  });
  return z6.strictObject({ notify: z6.enum(AUDIENCES).optional(), handOff: tier.optional() }).transform(({ notify, handOff }, context) => {
    if (notify !== void 0 && handOff === void 0) return { notify };
    if (handOff !== void 0 && notify === void 0) return { handOff };
    fault(context, "action_ambiguous", "an action is one of notify and handOff");
    return z6.NEVER;
  });
}
var PERCENT = /^(\d{1,3}(?:\.\d{1,3})?)%$/;
var momentSchema = wordSchema.transform((text2, context) => {
  const percent = text2 === "breach" ? 100 : Number(PERCENT.exec(text2)?.[1] ?? 0);
  if (percent > 0) return percent;
  fault(context, "moment_malformed", `${text2} is neither a share of the target such as 75% nor breach`);
  return z6.NEVER;
});
var STEP_ID = /^[a-z0-9][a-z0-9.-]*$/;
function dueOf({ at, after, before }) {
  if (after !== void 0) return { id: `after-${after / 1e3}s`, percent: 100, offsetMs: after };
  if (before !== void 0) return { id: `before-${before / 1e3}s`, percent: 100, offsetMs: -before };
  return { id: at === 100 ? "breach" : `at-${at}`, percent: at, offsetMs: 0 };
}
function stepSchema(known) {
  return z6.strictObject({
    id: z6.string().regex(STEP_ID, "an id is lower-case letters, digits, dots and hyphens").optional(),
    at: momentSchema.optional(),
    after: durationSchema.optional(),
    before: durationSchema.optional(),
    actions: z6.array(actionSchema(known)).min(1, "a step without actions does nothing")
  }).superRefine(({ at, after, before }, context) => {
    if ([at, after, before].filter((one) => one !== void 0).length !== 1)
      fault(context, "moment_ambiguous", "a step is due at one of at, after and before");
  }, beside).transform(({ id, actions, ...moment }) => {
    const due = dueOf(moment);
    return { ...due, id: id ?? due.id, actions };
  });
}
function ladderSchema(known) {
  return z6.array(stepSchema(known)).superRefine((steps, context) => {
    const ids = steps.map((step) => step?.id);
    ids.forEach((id, i) => {
      const first = ids.indexOf(id);
      if (id !== void 0 && first < i)
        fault(context, "step_repeated", `step ${first} is already called ${id}; ids are unique`, [i]);
    });
  }, beside);
}
var DEFAULT_PAUSES = {
  firstResponse: [],
  resolution: ["customer", "vendor"]
};
function setTargets(targets) {
  return PRIORITIES2.flatMap((priority2) => {
    const target = targets[priority2];
    return target && target.target > 0 ? [{ priority: priority2, ...target }] : [];
  });
}
function clockSchema(known, name) {
  return z6.strictObject({
    calendar: calendarName(known).optional(),
    targets: z6.strictObject(mapped(PRIORITIES2, () => targetSchema(known).optional())),
    pausedBy: z6.array(z6.enum(HOLD_REASONS)).default(DEFAULT_PAUSES[name]),
    reopen: z6.enum(["continue", "restart", "newCycle"]).default("continue"),
    ladder: ladderSchema(known).default([])
  }).superRefine((clock, context) => {
    const targets = setTargets(clock.targets);
    for (const { priority: priority2, calendar } of targets)
      if (!calendar && !clock.calendar)
        fault(context, "calendar_missing", noCalendar(priority2), ["targets", priority2]);
    clock.ladder.forEach(({ offsetMs }, i) => {
      const early = targets.filter(({ target }) => target + offsetMs <= 0);
      if (early.length > 0) fault(context, "step_at_start", dueAtStart(early), ["ladder", i]);
    });
  }).transform(({ calendar, targets, ...rule }) => {
    const resolved = setTargets(targets).map(({ priority: priority2, target, calendar: own }) => {
      return [priority2, { ms: target, calendar: own ?? calendar }];
    });
    return { ...rule, targets: Object.fromEntries(resolved) };
  });
}
var noCalendar = (priority2) => `${priority2} counts on no calendar; give the clock a calendar, or the target its own`;
var dueAtStart = (early) => `for ${early.map(({ priority: priority2 }) => priority2).join(", ")} the target is no longer than the offset, so the step would be due at once`;
var absentClock = { targets: {}, pausedBy: [], reopen: "continue", ladder: [] };
var backdatingSchema = z6.strictObject({ person: durationSchema.prefault("15m"), integration: durationSchema.prefault("24h") }).prefault({}).transform(({ person, integration }) => ({ personMs: person, integrationMs: integration }));
var tiersSchema = z6.array(z6.strictObject({ tier: z6.int().min(1, "tiers count from 1"), name: z6.string().min(1) })).min(1, "a policy has at least one tier").superRefine((tiers, context) => {
  tiers.forEach(({ tier }, i) => {
    if (tiers.findIndex((one) => one.tier === tier) < i)
      fault(context, "tier_repeated", `tier ${tier} is listed twice`, [i, "tier"]);
  });
});
var conditionSchema = z6.strictObject(
  mapped(["customer", "service", "category", "type"], () => z6.string().min(1).exactOptional())
);
function policySchema(known) {
  return z6.strictObject({
    name: z6.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "a name is lower-case letters, digits and hyphens"),
    precedence: z6.int().min(0, "precedence is 0 or more"),
    match: z6.array(conditionSchema).default([]),
    priorityMatrix: z6.strictObject(
      mapped(LEVELS2, () => z6.strictObject(mapped(LEVELS2, () => z6.enum(PRIORITIES2))))
    ),
    tiers: tiersSchema,
    calendars: calendarsSchema.default({}),
    clocks: z6.strictObject(mapped(CLOCK_NAMES, (name) => clockSchema(known, name).default(absentClock))),
    autoCloseAfter: durationSchema.optional(),
    backdating: backdatingSchema,
    examples: examplesSchema(durationSchema).exactOptional()
  }).transform(({ autoCloseAfter, ...policy }) => {
    return { ...policy, version: 1, autoCloseAfterMs: autoCloseAfter ?? null };
  });
}
function knownIn(value) {
  const loose = z6.looseObject({
    calendars: z6.record(z6.string(), z6.unknown()).catch({}),
    tiers: z6.array(z6.looseObject({ tier: z6.number() }).catch({ tier: 0 })).catch([])
  });
  const { calendars, tiers } = loose.catch({ calendars: {}, tiers: [] }).parse(value);
  return {
    calendars: /* @__PURE__ */ new Set([ALWAYS_CALENDAR, ...Object.keys(calendars)]),
    tiers: new Set(tiers.map(({ tier }) => tier))
  };
}
function parsePolicy(value) {
  const result = policySchema(knownIn(value)).safeParse(value);
  if (result.success) return { policy: result.data };
  return { issues: issuesOf(result.error, { value, called: "a policy" }) };
}
var byPlace = (a, b) => a.line - b.line || a.column - b.column;
function brokenExamples(policy) {
  return runExamples(policy).map(({ path, message }) => ({ path, code: "example_failed", message }));
}
async function loadFile(path) {
  const file = readPolicyFile(path, await readFile2(path, "utf8"));
  if (file.findings.length > 0) return { file, policy: null, findings: file.findings };
  const result = parsePolicy(file.value);
  if ("policy" in result) {
    const { policy } = result;
    return { file, policy, findings: brokenExamples(policy).map((issue) => file.locate(issue)) };
  }
  const findings = result.issues.map((issue) => file.locate(issue));
  return { file, policy: null, findings: findings.toSorted(byPlace) };
}
function repeatedNames(loaded) {
  return loaded.flatMap(({ file, policy }, i) => {
    const first = loaded.slice(0, i).find((one) => policy && one.policy?.name === policy.name);
    if (!first) return [];
    const message = `${policy.name} is already the name of the policy in ${first.file.file}`;
    return [file.locate({ path: ["name"], code: "policy_repeated", message })];
  });
}
function noPolicies(dir) {
  return {
    file: dir,
    line: 1,
    column: 1,
    pointer: "",
    code: "no_policies",
    message: "there is no policy in this folder; a policy is a .yaml file"
  };
}
async function loadPolicies(dir) {
  const names = (await readdir(dir)).filter((name) => /\.ya?ml$/.test(name)).toSorted();
  const loaded = await Promise.all(names.map((name) => loadFile(join(dir, name))));
  const findings = [...loaded.flatMap((one) => one.findings), ...repeatedNames(loaded)];
  if (names.length === 0) findings.push(noPolicies(dir));
  if (findings.length > 0) throw new PolicyFileError(findings);
  return loaded.flatMap(({ policy }) => policy ? [policy] : []);
}

// domain/what-if.ts
function storyOf(history, until, rules2) {
  const { caseId, openedAt, attributes: attributes2, priority: priority2, tier } = history;
  const opened2 = {
    id: "request:import/0",
    sequence: 1,
    source: "request",
    occurredAt: openedAt,
    receivedAt: openedAt,
    decision: 0,
    imported: true,
    type: "opened",
    attributes: attributes2,
    priority: priority2,
    tier: tier ?? lowestTier(rules2.policy),
    mode: "observe",
    rules: rules2
  };
  const events = [];
  for (const told2 of history.facts) {
    if (told2.occurredAt > until || "problem" in readFact(told2)) continue;
    events.push(
      Object.assign({ sequence: 0, source: "fact", receivedAt: told2.occurredAt }, told2)
    );
  }
  return { caseId, opened: opened2, events };
}
var isFolded = ({ moot: moot2 }) => moot2 !== AFTER_CLOSE && moot2 !== "too_late";
function foldStory({ opened: opened2, events }, rules2) {
  let situation = openedSituation({ ...opened2, rules: rules2 });
  for (const event of events) {
    if (!isFolded(event)) continue;
    const step = advance(situation, event, rules2);
    if ("situation" in step) situation = step.situation;
  }
  return situation;
}
function judge(situation, rules2, until) {
  const { priority: priority2, tier } = situation;
  const cycles = situation.clocks.map((clock) => {
    const deadlineAt = deadlineOf(clock, rules2.hours);
    const late = deadlineAt !== null && (stoppedAt(clock) ?? until) > deadlineAt;
    const outcome = late ? "breached" : outcomeOf(clockState(clock));
    return { clock: clock.name, cycle: clock.cycle, outcome, deadlineAt };
  });
  return { priority: priority2, tier, cycles };
}
function outcomeOf(state) {
  return state === "paused" ? "running" : state;
}
var noCounts = () => ({ met: 0, breached: 0, running: 0, cancelled: 0 });
function tallyOf(counts) {
  const judged = counts.met + counts.breached;
  return { ...counts, compliance: judged === 0 ? null : counts.met / judged };
}
var sideOf = (verdict) => verdict ? { outcome: verdict.outcome, deadlineAt: verdict.deadlineAt } : null;
function compareGroups(order) {
  return (a, b) => order.indexOf(a.clock) - order.indexOf(b.clock) || a.tier - b.tier || PRIORITIES2.indexOf(a.priority) - PRIORITIES2.indexOf(b.priority);
}
function sumOf(groups, side) {
  const sum2 = noCounts();
  for (const group of groups)
    for (const outcome of Object.keys(sum2)) sum2[outcome] += group[side][outcome];
  return sum2;
}
function createComparer({ limit: limit2 }) {
  const groups = /* @__PURE__ */ new Map();
  const order = [];
  const changes = [];
  const counts = { count: 0, becomeBreached: 0, relieved: 0, deadlinesMoved: 0 };
  let cases = 0;
  let casesChanged = 0;
  const groupOf = (clock, { tier, priority: priority2 }) => {
    const key = `${clock}/${tier}/${priority2}`;
    let group = groups.get(key);
    if (!group) {
      if (!order.includes(clock)) order.push(clock);
      group = { clock, tier, priority: priority2, before: noCounts(), after: noCounts() };
      groups.set(key, group);
    }
    return group;
  };
  const compare = (change2) => {
    const { before, after } = change2;
    if (before?.outcome === after?.outcome) {
      if (before?.deadlineAt !== after?.deadlineAt) counts.deadlinesMoved += 1;
      return false;
    }
    counts.count += 1;
    if (after?.outcome === "breached") counts.becomeBreached += 1;
    if (before?.outcome === "breached") counts.relieved += 1;
    if (changes.length < limit2) changes.push(change2);
    return true;
  };
  return {
    add(caseId, before, after) {
      cases += 1;
      const { priority: priority2, tier } = after;
      let isChanged = false;
      for (const verdict of before.cycles) groupOf(verdict.clock, after).before[verdict.outcome] += 1;
      for (const verdict of after.cycles) {
        groupOf(verdict.clock, after).after[verdict.outcome] += 1;
        const { clock, cycle } = verdict;
        const other = before.cycles.find((one) => one.clock === clock && one.cycle === cycle);
        const change2 = {
          caseId,
          clock,
          cycle,
          priority: priority2,
          tier,
          before: sideOf(other),
          after: sideOf(verdict)
        };
        isChanged = compare(change2) || isChanged;
      }
      for (const verdict of before.cycles) {
        const { clock, cycle } = verdict;
        if (after.cycles.some((one) => one.clock === clock && one.cycle === cycle)) continue;
        const change2 = { caseId, clock, cycle, priority: priority2, tier, before: sideOf(verdict), after: null };
        isChanged = compare(change2) || isChanged;
      }
      if (isChanged) casesChanged += 1;
    },
    result() {
      const sorted2 = [...groups.values()].toSorted(compareGroups(order));
      return {
        cases,
        casesChanged,
        clocks: order.map((clock) => {
          const own = sorted2.filter((group) => group.clock === clock);
          return { clock, before: tallyOf(sumOf(own, "before")), after: tallyOf(sumOf(own, "after")) };
        }),
        groups: sorted2.map(({ before, after, ...group }) => {
          return { ...group, before: tallyOf(before), after: tallyOf(after) };
        }),
        changes: { ...counts, data: changes }
      };
    }
  };
}
function compareHistories(histories, {
  before,
  after,
  until,
  limit: limit2
}, onProgress = () => {
}) {
  const comparer = createComparer({ limit: limit2 });
  histories.forEach((history, i) => {
    if (i > 0 && i % 1e3 === 0) onProgress(i);
    const story = storyOf(history, until, before);
    const judged = [before, after].map((rules2) => judge(foldStory(story, rules2), rules2, until));
    comparer.add(history.caseId, judged[0], judged[1]);
  });
  return comparer.result();
}

// ../wi.mts
var t0 = process.cpuUsage();
var c = (u = process.cpuUsage(t0)) => ((u.user + u.system) / 1e6).toFixed(2);
var log = await readLog("/work/shared/data/uci_incident_event_log.to_2016-04.csv.gz", await formatOf("uci"));
console.log("read", c());
var ps = await loadPolicies("/tmp/mine/policies");
var rules = rulesOver(ps.find((p) => p.name === "standard"), log);
var r2 = rulesOver(ps.find((p) => p.name === "round-the-clock"), log);
console.log("rules", c());
var r = compareHistories(log.histories, { before: rules, after: r2, until: log.until, limit: 3 });
console.log("compared", c(), JSON.stringify(r.clocks), r.changes);
if (process.argv[2] === "check") for (const rr of [rules, r2]) {
  const v = foldLog(log, rr);
  let bad = 0;
  log.histories.forEach((h, i) => {
    const j = judge(foldStory(storyOf(h, log.until, rr), rr), rr, log.until);
    const a = JSON.stringify(v[i].clocks.map((k) => [k.clock, k.cycle, k.deadlineAt, k.breachedAt !== null ? "breached" : k.state === "paused" ? "running" : k.state]));
    const b = JSON.stringify(j.cycles.map((k) => [k.clock, k.cycle, k.deadlineAt, k.outcome]));
    if (a !== b || v[i].tier !== j.tier || v[i].priority !== j.priority) {
      bad++;
      if (bad < 4) console.log(h.caseId, a, b);
    }
  });
  console.log("bad", bad, c());
}
