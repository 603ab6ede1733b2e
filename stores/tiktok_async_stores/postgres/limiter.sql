-- One window of a rate limit a row; `take_permits` is the only one that writes it.
--
-- A slot is in use from its grant until `per` after its call's answer. `ends` holds the times at which slots become
-- free again, ascending, in milliseconds after `base`; slots that are granted stand in their holder's entry. A holder
-- that died counts as answered at its lease's end. All times are milliseconds since 1970, by this server's clock.
--
-- A row is changed at nearly every trip. So it is kept whole in its page, with room beside it, and the index for what
-- nobody uses any more holds a number that changes every five minutes only.
--
-- `life` names a row: when it began, in microseconds. The row of the endpoint 'memory' without an app stands for the
-- whole table, and is lost with it: its `life` names the server's memory, its `shut_until` says when something was
-- lost, and its `timeline` on which of PostgreSQL's timelines that was noted. A standby that takes over, and a backup
-- that is restored up to a point in time, begin another one.
CREATE TABLE {schema}.limits (
    client_key text COLLATE "C" NOT NULL,
    endpoint text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    seen double precision NOT NULL DEFAULT 0,
    shut_until double precision NOT NULL DEFAULT 0,
    base bigint NOT NULL DEFAULT 0,
    ends integer[] NOT NULL DEFAULT '{}',
    today bigint NOT NULL DEFAULT 0,
    used bigint NOT NULL DEFAULT 0,
    holders jsonb NOT NULL DEFAULT '{}',
    idle_from bigint NOT NULL DEFAULT 0,
    life bigint NOT NULL DEFAULT 0,
    timeline text,
    PRIMARY KEY (client_key, endpoint, subject)
) WITH (fillfactor = 50, toast_tuple_target = 8160);
CREATE INDEX limits_idle ON {schema}.limits (idle_from);

-- Name the server's memory to a worker that knows it by the name `knew`, 0 for none, and say when windows were lost
-- last: all stay closed for their length since, as nobody can tell what was used before.
CREATE FUNCTION {schema}.limits_memory(knew bigint, OUT name bigint, OUT lost_at double precision)
LANGUAGE plpgsql AS $memory$
DECLARE
    now CONSTANT bigint := extract(epoch FROM clock_timestamp()) * 1000000;
    -- A standby has no say here: it fails where it is to write.
    here CONSTANT text := CASE WHEN NOT pg_is_in_recovery()
        THEN left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END;
    kept {schema}.limits;
BEGIN
    LOOP
        SELECT * INTO kept FROM {schema}.limits AS one
        WHERE one.client_key = '' AND one.endpoint = 'memory' AND one.subject = '';
        IF NOT FOUND THEN
            INSERT INTO {schema}.limits (client_key, endpoint, subject, idle_from, life, timeline)
            VALUES ('', 'memory', '', 9223372036854775807, now, here)
            ON CONFLICT DO NOTHING;
            CONTINUE;
        ELSIF kept.timeline <> here OR knew > kept.life THEN
            -- It went back in time, windows and all. The new name is the highest, by whatever clock.
            kept.shut_until := now / 1000.0;
            name := greatest(now, knew + 1, kept.life + 1);
        ELSIF knew > 0 AND knew < kept.life AND kept.shut_until = 0 THEN
            -- It was lost, and began anew with this row.
            kept.shut_until := kept.life / 1000.0;
            name := kept.life;
        ELSE
            name := kept.life;
            lost_at := kept.shut_until;
            RETURN;
        END IF;
        -- If another one was first, what it wrote is looked at.
        UPDATE {schema}.limits AS one SET life = name, shut_until = kept.shut_until, timeline = here
        WHERE one.client_key = '' AND one.endpoint = 'memory' AND one.subject = '' AND one.life = kept.life
            AND one.timeline = kept.timeline;
    END LOOP;
END;
$memory$;

-- One worker's request to one window: report what is answered, give back what was not used, ask for more.
--
-- The request: client_key, endpoint, subject; holder; number of the request; count; per; lease; need, permits needed;
-- extra, permits wished beyond; back, permits given back; block, close for so long; horizon; day, whether days are
-- counted; answers, ages of answers in microseconds; unreported_answers, ages of answers to calls that nobody granted;
-- known, whether the window must exist; life, the window's as this worker knows it, 0 if it does not; now, the time in a
-- test. Windows were lost at `lost_at`, if that is not 0.
--
-- Returns {life, granted, free, ask again in, wait of the last in line, block for, used, delay, delay, ...}: `granted`
-- counts the permits good at once; each delay is one that is good after so long.
CREATE FUNCTION {schema}.take_permits(request jsonb, lost_at double precision) RETURNS bigint[] LANGUAGE plpgsql AS $window$
DECLARE
    day_length CONSTANT double precision := 86400000;
    most_delayed CONSTANT integer := 64;
    ahead CONSTANT double precision := 5000;
    kept {schema}.limits;
    fresh boolean := false;
    holder CONSTANT text := request ->> 'holder';
    per CONSTANT double precision := request ->> 'per';
    lease CONSTANT double precision := request ->> 'lease';
    horizon CONSTANT double precision := request ->> 'horizon';
    "limit" CONSTANT integer := request ->> 'count';
    need CONSTANT integer := request ->> 'need';
    by_day CONSTANT boolean := request ->> 'day';
    known CONSTANT boolean := request ->> 'known';
    knew CONSTANT bigint := request ->> 'life';
    back integer := request ->> 'back';
    block CONSTANT double precision := request ->> 'block';
    answered CONSTANT integer := jsonb_array_length(request -> 'answers');
    exact double precision := request ->> 'now';
    instant bigint;
    mine jsonb;
    name text;
    other jsonb;
    until double precision;
    mine_held integer := 0;
    held integer := 0;
    others integer := 0;
    workers integer := 1;
    lives double precision;
    ended bigint[];
    ring bigint[];
    size integer;
    taken bigint;
    free integer;
    soon integer := 0;
    share integer;
    granted integer;
    delays bigint[] := '{}';
    lacking integer;
    place integer;
    over bigint;
    again double precision := 0;
    wait double precision := 0;
    answer bigint[];
BEGIN
    LOOP
        SELECT * INTO kept FROM {schema}.limits AS one
        WHERE one.client_key = request ->> 'client_key' AND one.endpoint = request ->> 'endpoint'
            AND one.subject = request ->> 'subject'
        FOR UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO {schema}.limits (client_key, endpoint, subject)
        VALUES (request ->> 'client_key', request ->> 'endpoint', request ->> 'subject')
        ON CONFLICT DO NOTHING;
        fresh := FOUND;
    END LOOP;
    exact := coalesce(exact, extract(epoch FROM clock_timestamp()) * 1000);
    IF fresh THEN
        -- The server lost its memory: let a whole window pass rather than count anew.
        kept.life := exact * 1000;
        IF known AND NOT by_day THEN
            kept.shut_until := exact + per;
        END IF;
    ELSE
        IF knew > 0 AND knew <> kept.life AND NOT by_day THEN
            -- It was lost, and another worker began it anew.
            kept.shut_until := greatest(kept.shut_until, kept.life / 1000 + per);
        END IF;
        exact := greatest(exact, kept.seen); -- a clock that is set back must not make a slot free twice
    END IF;
    IF lost_at > 0 AND NOT by_day THEN
        kept.shut_until := greatest(kept.shut_until, lost_at + per);
    END IF;
    instant := floor(exact);

    mine := kept.holders -> holder;
    IF (mine ->> 0)::bigint = (request ->> 'number')::bigint THEN
        -- The reply was lost and the request came again.
        RETURN kept.life || ARRAY(SELECT value::bigint FROM jsonb_array_elements_text(mine -> 4));
    END IF;
    IF NOT fresh AND known AND NOT by_day AND (
        mine IS NULL OR (mine ->> 0)::bigint < (request ->> 'number')::bigint - 1
        OR (mine ->> 2)::double precision + ahead <= exact
    ) THEN
        -- A server that went back in time, or whose clock went ahead, has forgotten or freed what this worker knows of.
        kept.shut_until := greatest(kept.shut_until, exact + per);
    END IF;

    -- What has come to an end since: answers, and holders that died.
    ended := ARRAY(
        SELECT ceil(exact - age::double precision / 1000) + per
        FROM jsonb_array_elements_text((request -> 'answers') || (request -> 'unreported_answers')) AS age
    );
    kept.used := kept.used + cardinality(ended);
    back := back + answered; -- unlike a permit that is given back, an answered one stays counted today
    IF mine IS NOT NULL THEN
        mine_held := mine ->> 1;
        until := mine ->> 2;
        IF until <= exact THEN -- it was away for longer than its lease, and knows that its permits are void
            ended := ended || array_fill((ceil(until) + per)::bigint, ARRAY[mine_held]);
            mine_held := 0;
        END IF;
    END IF;
    mine_held := greatest(0, mine_held - back);
    kept.used := greatest(0, kept.used - back);
    held := mine_held;
    lives := exact + lease;
    FOR name, other IN SELECT * FROM jsonb_each(kept.holders - holder) LOOP
        until := other ->> 2;
        IF until <= exact THEN
            ended := ended || array_fill((ceil(until) + per)::bigint, ARRAY[(other ->> 1)::integer]);
            kept.holders := kept.holders - name;
        ELSE
            held := held + (other ->> 1)::integer;
            workers := workers + 1;
            IF (other ->> 5)::double precision > exact THEN
                others := others + (other ->> 3)::integer;
            END IF;
            IF (other ->> 1)::integer > 0 THEN
                lives := greatest(lives, until + per);
            END IF;
        END IF;
    END LOOP;
    IF by_day THEN
        IF floor(exact / day_length) > kept.today THEN
            kept.today := floor(exact / day_length);
            kept.used := held;
        END IF;
        ended := '{}';
    END IF;

    ring := ARRAY(
        SELECT at FROM (
            SELECT one + kept.base FROM unnest(kept.ends) AS one UNION ALL SELECT one FROM unnest(ended) AS one
        ) AS all_of_them (at) WHERE at > instant ORDER BY at
    );
    size := cardinality(ring);

    -- Grants: what is free now, then what will be within the horizon, shared among all who wait.
    IF block > 0 THEN
        kept.shut_until := greatest(kept.shut_until, exact + block);
    END IF;
    taken := CASE WHEN by_day THEN kept.used ELSE size + held END;
    free := greatest(0, "limit" - taken);
    IF kept.shut_until > exact THEN
        free := 0;
    ELSIF NOT by_day AND taken <= "limit" THEN
        WHILE soon < size AND soon < most_delayed AND ring[soon + 1] <= instant + horizon LOOP
            soon := soon + 1;
        END LOOP;
    END IF;
    share := least(need, free + soon);
    IF others > 0 THEN
        share := least(need, ceil((free + soon)::double precision * need / (need + others))::integer);
    END IF;
    granted := least(share, free);
    IF share > granted THEN
        delays := ARRAY(SELECT one - instant FROM unnest(ring[1:share - granted]) AS one);
        ring := ring[share - granted + 1:];
        size := cardinality(ring);
    END IF;
    IF others = 0 AND granted = need THEN
        granted := granted + greatest(0, least((request ->> 'extra')::integer, (free - granted) / (4 * workers)));
    END IF;
    lacking := greatest(0, need - granted - cardinality(delays));
    kept.used := kept.used + granted;
    held := held + granted + cardinality(delays);
    mine_held := mine_held + granted + cardinality(delays);

    -- When to ask again, and when the last in line can hope for a slot.
    IF lacking > 0 THEN
        place := lacking + others;
        over := greatest(0, size + held - "limit");
        IF by_day THEN
            again := (kept.today + 1) * day_length - exact;
            wait := again + ((place - 1) / "limit") * day_length;
        ELSE
            again := per / 4;
            wait := per * (1 + greatest(0, place - size - 1) / "limit");
            IF free > granted THEN
                again := horizon / 2; -- others wait too, and have not fetched their share
            ELSIF size > 0 THEN
                again := greatest(horizon / 2, least(again, ring[1] - instant - horizon));
            END IF;
            IF place + over <= size THEN
                wait := ring[place + over] - instant;
            END IF;
        END IF;
        IF kept.shut_until > exact THEN
            again := greatest(again, kept.shut_until - exact);
            wait := greatest(wait, kept.shut_until - exact);
        END IF;
    END IF;
    answer := ARRAY[
        granted, free - granted, ceil(again), ceil(wait), ceil(greatest(0, kept.shut_until - exact)),
        CASE WHEN by_day THEN kept.used ELSE size + held END
    ]::bigint[] || delays;

    IF mine_held > 0 THEN
        lives := greatest(lives, exact + lease + per);
    END IF;
    IF size > 0 THEN
        lives := greatest(lives, ring[size]);
    END IF;
    IF by_day THEN
        lives := greatest(lives, (kept.today + 1) * day_length);
    END IF;
    lives := greatest(lives, kept.shut_until);
    UPDATE {schema}.limits AS one SET
        seen = exact,
        shut_until = kept.shut_until,
        base = instant,
        ends = ARRAY(SELECT (at - instant)::integer FROM unnest(ring) AS at),
        today = kept.today,
        used = kept.used,
        holders = kept.holders || jsonb_build_object(holder, jsonb_build_array(
            (request ->> 'number')::bigint, mine_held, exact + lease, lacking, to_jsonb(answer),
            exact + again + 2 * horizon
        )),
        idle_from = floor(lives / 300000) + 1,
        life = kept.life
    WHERE one.client_key = kept.client_key AND one.endpoint = kept.endpoint AND one.subject = kept.subject;
    RETURN kept.life || answer;
END;
$window$;
