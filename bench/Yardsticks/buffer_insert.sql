\set first :first + 100
insert into buffer (namespace_id, seq, origin_id, pushed_at, email, external_id, data)
select :run * 1000 + :client_id, :first + n, 1, now(), email, external_id, data
from unnest(:emails::text[], :ids::text[], :datas::json[]) with ordinality as l (email, external_id, data, n);
