-- Up Migration
-- Erasing has a scope of its own. Sessions that had every scope, as a login has unless it asks for fewer, keep it.
update sessions set scope = scope || ' notes:erase'
where string_to_array(scope, ' ') @> array['account:read', 'account:write', 'keys:write', 'notes:read', 'notes:write'];

-- Down Migration
update sessions set scope = array_to_string(array_remove(string_to_array(scope, ' '), 'notes:erase'), ' ');
update api_keys set scope = array_to_string(array_remove(string_to_array(scope, ' '), 'notes:erase'), ' ');
