\set a random(1, 9000000000000000)
insert into posts (organization_id, received_at, id, body, content_type, headers, request_id)
values (1, now(), (to_hex(:a::bigint) || to_hex(:client_id::bigint + 268435456) || '00000000000000000000000000000000')::varchar(32)::uuid,
    convert_to('{"click_id":"12345","country":"LV","creo":"banner-1","description":"Interested in trading","domain":"example.com","email":"user@example.com","firstName":"John","ip":"192.168.1.1","lang":"lv","lastName":"Doe","marker":"Pureshka","offer":"Baltic Capital Native","phone":"+371123456789","sourcetype":"web"}', 'UTF8'),
    'application/json', '{"Host":"localhost","Content-Type":"application/json","Content-Length":"300"}', :a::bigint::text) on conflict do nothing;
insert into posted_leads
values (1, (to_hex(:a::bigint) || to_hex(:client_id::bigint + 268435456) || '00000000000000000000000000000000')::varchar(32)::uuid,
    '12345', 'LV', 'banner-1', 'Interested in trading', 'example.com', 'user@example.com', 'John', '192.168.1.1', 'lv', 'Doe', 'Pureshka',
    'Baltic Capital Native', '+371123456789', 'web', now()) on conflict do nothing;
