-- The figures of the BPI 2013 incidents, counted straight from the file by PostgreSQL: a second opinion on
-- `tierline replay --format bpic2013`. Nothing of Tierline is used here. docs/replay.md lays both side by side.
--
--   gunzip -c incidents.csv.gz > /tmp/incidents.csv
--   psql -v log=/tmp/incidents.csv -f test/histories/bpic2013.sql
--
-- It answers one row per figure. Times are elapsed seconds; those under `office` count only Monday to Friday,
-- 09:00 to 17:00 in London, but round the clock for the impact Major, as the policy `standard` promises.

BEGIN;

CREATE TEMP TABLE log_row (
  row        bigint GENERATED ALWAYS AS IDENTITY,
  case_id    text, at timestamptz, status text, sub_status text, team text, role text, organisation text,
  impact     text, product text, country text, resource_country text, resource text
) ON COMMIT DROP;

COPY log_row (case_id, at, status, sub_status, team, role, organisation, impact, product, country, resource_country, resource)
  FROM :'log' WITH (FORMAT csv, HEADER true);

-- What each row says. A case ends for good with the first Completed/Closed that nothing opens again.
CREATE TEMP TABLE step ON COMMIT DROP AS
WITH numbered AS (
  SELECT case_id, at, impact,
    row_number() OVER (PARTITION BY case_id ORDER BY at, row) AS n,
    CASE WHEN team LIKE '% 3rd' THEN 3 WHEN team LIKE '% 2nd' THEN 2 ELSE 1 END AS line,
    status IN ('Accepted', 'Queued') AS opens,
    status = 'Completed' AS completes,
    status = 'Completed' AND sub_status = 'Closed' AS closes,
    status = 'Queued' AS is_queued,
    status = 'Accepted' AS accepts,
    CASE WHEN sub_status IN ('Wait - User', 'Wait - Customer') THEN 'customer'
         WHEN sub_status = 'Wait - Vendor' THEN 'vendor' END AS waits_for
  FROM log_row
), ends AS (
  SELECT case_id, coalesce(max(n) FILTER (WHERE opens), 0) AS last_open FROM numbered GROUP BY case_id
), closings AS (
  SELECT case_id, min(n) AS closed_n FROM numbered JOIN ends USING (case_id)
  WHERE closes AND n > last_open GROUP BY case_id
)
SELECT numbered.* FROM numbered LEFT JOIN closings USING (case_id) WHERE n <= coalesce(closed_n, n);

-- Consecutive rows of one line are a visit. A visit that began with a Queued row was only offered: the line takes
-- the case with its first Accepted row, if ever. The first visit of a case, and any other, is taken at once.
CREATE TEMP TABLE row_of_visit ON COMMIT DROP AS
WITH changes AS (
  SELECT *, coalesce(line <> lag(line) OVER (PARTITION BY case_id ORDER BY n), false) AS changes FROM step
)
SELECT *,
  count(*) FILTER (WHERE changes) OVER (PARTITION BY case_id ORDER BY n) AS visit,
  coalesce(max(n) FILTER (WHERE completes) OVER so_far, 0) > coalesce(max(n) FILTER (WHERE opens) OVER so_far, 0) AS is_done
FROM changes
WINDOW so_far AS (PARTITION BY case_id ORDER BY n);

CREATE TEMP TABLE visit ON COMMIT DROP AS
WITH firsts AS (
  SELECT case_id, visit, min(line) AS line, min(n) AS first_n, min(at) AS first_at,
    visit > 0 AND (array_agg(is_queued ORDER BY n))[1] AS is_offered, min(n) FILTER (WHERE accepts) AS accepted_n
  FROM row_of_visit GROUP BY case_id, visit
)
SELECT case_id, visit, line, first_n, is_offered, CASE WHEN is_offered THEN accepted_n ELSE first_n END AS taken_n FROM firsts;
CREATE INDEX ON visit (case_id, visit);

-- Who has the case, in order. Between two takings by one line nothing was handed on.
CREATE TEMP TABLE taking ON COMMIT DROP AS
SELECT case_id, line, taken_n,
  lag(line) OVER (PARTITION BY case_id ORDER BY taken_n) AS previous_line,
  row_number() OVER (PARTITION BY case_id ORDER BY taken_n) AS taking
FROM visit WHERE taken_n IS NOT NULL;
CREATE INDEX ON taking (case_id, taken_n);

CREATE TEMP TABLE handoff ON COMMIT DROP AS
SELECT t.case_id, t.taking, t.previous_line AS from_line, t.line AS to_line,
  EXISTS (SELECT FROM taking e WHERE e.case_id = t.case_id AND e.taking < t.taking AND e.line = t.line) AS is_return
FROM taking t WHERE t.previous_line <> t.line;

-- Offers. Completing a case drops an offer that nobody took; opening it again while it is still queued makes another.
CREATE TEMP TABLE offer ON COMMIT DROP AS
WITH waiting AS (
  SELECT r.*, v.taken_n, v.is_offered,
    count(*) FILTER (WHERE r.completes) OVER (PARTITION BY r.case_id, r.visit ORDER BY r.n) AS times_dropped
  FROM row_of_visit r JOIN visit v USING (case_id, visit)
  WHERE v.is_offered AND r.n <= coalesce(v.taken_n, r.n)
), made AS (
  SELECT case_id, visit, line, times_dropped, min(at) AS offered_at, max(at) FILTER (WHERE n = taken_n) AS taken_at
  FROM waiting WHERE opens GROUP BY case_id, visit, line, times_dropped
)
SELECT line, taken_at IS NOT NULL AS is_taken, extract(epoch FROM taken_at - offered_at) AS seconds FROM made
UNION ALL
SELECT line, true, 0 FROM visit WHERE visit > 0 AND NOT is_offered;

-- Whose time it was, from each row to the next or the end of the log. Time after completion is nobody's.
CREATE TEMP TABLE span ON COMMIT DROP AS
WITH owned AS (
  SELECT r.case_id, r.n, r.at, r.is_done, r.waits_for, r.n < coalesce(v.taken_n, r.n + 1) AS is_in_flight,
    lead(r.at, 1, (SELECT max(at) FROM log_row)) OVER (PARTITION BY r.case_id ORDER BY r.n) AS until,
    (SELECT t.line FROM taking t WHERE t.case_id = r.case_id AND t.taken_n <= r.n ORDER BY t.taken_n DESC LIMIT 1) AS owner
  FROM row_of_visit r JOIN visit v USING (case_id, visit)
)
SELECT case_id, at, until, coalesce(waits_for, CASE WHEN is_in_flight THEN 'handoff' ELSE 'tier' || owner END) AS share
FROM owned WHERE NOT is_done;

CREATE TEMP TABLE office_day ON COMMIT DROP AS
SELECT day::date AS day, (day + time '09:00') AT TIME ZONE 'Europe/London' AS opens, (day + time '17:00') AT TIME ZONE 'Europe/London' AS closes
FROM generate_series((SELECT min(at)::date - 1 FROM log_row)::timestamp, (SELECT max(at)::date + 1 FROM log_row)::timestamp, '1 day') AS day
WHERE extract(isodow FROM day) < 6;

ANALYZE span;
ANALYZE office_day;

CREATE TEMP TABLE figure ON COMMIT DROP AS
WITH last_impact AS (
  SELECT DISTINCT ON (case_id) case_id, impact FROM step ORDER BY case_id, n DESC
), timed AS (
  SELECT share, extract(epoch FROM until - at) AS elapsed,
    CASE WHEN impact = 'Major' THEN extract(epoch FROM until - at) ELSE (
      SELECT coalesce(sum(extract(epoch FROM least(closes, until) - greatest(opens, at))), 0)
      FROM office_day WHERE opens < until AND closes > at) END AS office
  FROM span JOIN last_impact USING (case_id)
), lines AS (
  SELECT line FROM offer UNION SELECT line FROM taking WHERE taking = 1
), per_case AS (
  SELECT case_id, count(*) AS handoffs, bool_or(is_return) AS returns, bool_or(to_line > from_line) AS up,
    min(taking) FILTER (WHERE to_line > from_line) < max(taking) FILTER (WHERE to_line < from_line) AS up_and_down,
    bool_or(from_line = 1 AND to_line = 3) AND EXISTS (SELECT FROM lines WHERE line = 2) AS skips
  FROM handoff GROUP BY case_id
), per_offer AS (
  SELECT 'tiers.tier' || line || '.offers' AS figure, * FROM offer UNION ALL SELECT 'offers', * FROM offer
)
SELECT 'rows' AS figure, count(*)::numeric AS value FROM log_row
UNION ALL SELECT 'cases', count(DISTINCT case_id) FROM log_row
UNION ALL SELECT 'timeInTier.' || share, sum(elapsed) FROM timed GROUP BY share HAVING sum(elapsed) > 0
UNION ALL SELECT 'office.timeInTier.' || share, sum(office) FROM timed GROUP BY share HAVING sum(office) > 0
UNION ALL SELECT 'handoffs', count(*) FROM handoff
UNION ALL SELECT 'pingPong', count(*) FROM handoff WHERE is_return
UNION ALL SELECT 'casesHandedOff', count(*) FROM per_case
UNION ALL SELECT 'casesPingPong', count(*) FROM per_case WHERE returns
UNION ALL SELECT 'climbs.casesUp', count(*) FROM per_case WHERE up
UNION ALL SELECT 'climbs.casesUpAndDown', count(*) FROM per_case WHERE up_and_down
UNION ALL SELECT 'climbs.casesSkippingATier', count(*) FROM per_case WHERE skips
UNION ALL SELECT 'climbs.handoffsPerCase.median', percentile_disc(0.5) WITHIN GROUP (ORDER BY handoffs) FROM per_case
UNION ALL SELECT 'climbs.handoffsPerCase.p90', percentile_disc(0.9) WITHIN GROUP (ORDER BY handoffs) FROM per_case
UNION ALL SELECT 'climbs.handoffsPerCase.max', max(handoffs) FROM per_case
UNION ALL SELECT format('moves.tier%s-tier%s.handoffs', from_line, to_line), count(*) FROM handoff GROUP BY from_line, to_line
UNION ALL SELECT format('moves.tier%s-tier%s.returns', from_line, to_line), count(*) FILTER (WHERE is_return) FROM handoff GROUP BY from_line, to_line
UNION ALL SELECT format('moves.tier%s-tier%s.cases', from_line, to_line), count(DISTINCT case_id) FROM handoff GROUP BY from_line, to_line
UNION ALL SELECT 'tiers.tier' || line || '.casesOpened', count(*) FILTER (WHERE taking = 1) FROM lines LEFT JOIN taking USING (line) GROUP BY line
UNION ALL SELECT 'tiers.tier' || line || '.casesHad', count(DISTINCT case_id) FROM lines LEFT JOIN taking USING (line) GROUP BY line
UNION ALL SELECT 'tiers.tier' || line || '.received', count(to_line) FROM lines LEFT JOIN handoff ON to_line = line GROUP BY line
UNION ALL SELECT 'tiers.tier' || line || '.handedUp', count(*) FILTER (WHERE to_line > from_line) FROM lines LEFT JOIN handoff ON from_line = line GROUP BY line
UNION ALL SELECT 'tiers.tier' || line || '.handedDown', count(*) FILTER (WHERE to_line < from_line) FROM lines LEFT JOIN handoff ON from_line = line GROUP BY line
UNION ALL SELECT figure || '.made', count(*) FROM per_offer GROUP BY figure
UNION ALL SELECT figure || '.accepted', count(*) FILTER (WHERE is_taken) FROM per_offer GROUP BY figure
UNION ALL SELECT figure || '.waits', count(*) FILTER (WHERE seconds > 0) FROM per_offer GROUP BY figure
UNION ALL SELECT figure || '.waitSeconds.median', percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) FROM per_offer WHERE seconds > 0 GROUP BY figure
UNION ALL SELECT figure || '.waitSeconds.p90', percentile_disc(0.9) WITHIN GROUP (ORDER BY seconds) FROM per_offer WHERE seconds > 0 GROUP BY figure
UNION ALL SELECT figure || '.waitSeconds.max', max(seconds) FROM per_offer WHERE seconds > 0 GROUP BY figure;

SELECT figure, trim_scale(value) AS value FROM figure WHERE value IS NOT NULL ORDER BY figure;

COMMIT;
