-- GET /v1/users/ID for one id of a file after the other, again and again: users.lua URL -- IDS TOKEN
-- Requests are made beforehand, as redis-benchmark makes its own: what is measured is not how fast Lua is.
local requests, next_request = {}, 0
function init(arguments)
  local headers = { ["Authorization"] = "Bearer " .. arguments[2] }
  for line in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", "/v1/users/" .. line, headers)
  end
end
function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end
